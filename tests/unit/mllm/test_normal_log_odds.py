"""A calibration from good parts alone keeps its false-reject promise, and is worth more than none."""

import numpy as np
import pytest

from echo_agent.errors import ModelError
from echo_agent.memory.calibration import defective_probability, guarantee
from echo_agent.mllm.confidence import join
from echo_agent.mllm.normal_log_odds import NormalLogOdds, references_digest, save_normals, stored_normals

DRAWS, UNSEEN = 200, 60
DEFECT_SEEN, DEFECT_SCORE = 2.5, 1.5


class ScriptedModel:
    """A model of known log-odds, biased towards ``defective``, beside evidence that is weakly dependent on it."""

    def __init__(self, seed, bias=3.0):
        self._random, self._bias = np.random.default_rng(seed), bias

    def judge(self, count, defective=False):
        """P(defective) of so many parts, and their evidence scores."""
        shared = self._random.normal(size=count)
        odds = self._bias + shared + defective * DEFECT_SEEN
        noise = 0.3 * shared + 0.95 * self._random.normal(size=count)
        scores = np.exp(0.2 * noise) * (DEFECT_SCORE if defective else 1.0)
        return 1 / (1 + np.exp(-odds)), scores


def fitted(model, normals):
    probabilities, scores = model.judge(normals)
    odds = np.log(probabilities / (1 - probabilities))
    return NormalLogOdds(
        product="plate",
        model="org/model",
        revision="abc",
        references="0" * 64,
        log_odds=tuple(odds),
        scores=tuple(scores),
        fitted="2026-11-26T10:00:00+00:00",
    )


@pytest.mark.parametrize(("normals", "most"), [(10, 0.10), (20, 0.10), (40, 0.05)])
@pytest.mark.parametrize("joined", [True, False])
def test_the_promised_false_reject_rate_is_kept_over_two_hundred_draws(normals, most, joined):
    promised = guarantee(normals, most)
    rates = []
    for seed in range(DRAWS):
        model = ScriptedModel(seed)
        calibration = fitted(model, normals)
        parts = zip(*model.judge(UNSEEN), strict=True)
        p_values = [
            calibration.joint_p_value(own, score) if joined else calibration.p_value(own)
            for own, score in parts
        ]
        rates.append(np.mean([p <= most for p in p_values]))
    error = np.std(rates) / np.sqrt(DRAWS)
    assert np.mean(rates) <= promised.expected_false_reject + 3 * error
    assert np.mean(np.array(rates) > promised.bound_95 + 1.5 / UNSEEN) <= 0.10


def balanced(judge, model):
    good, bad = zip(*model.judge(UNSEEN), strict=True), zip(*model.judge(UNSEEN, defective=True), strict=True)
    return (np.mean([not judge(*part) for part in good]) + np.mean([judge(*part) for part in bad])) / 2


@pytest.mark.parametrize("bias", [3.0, -3.0])
def test_a_biased_model_is_worth_more_with_it_than_joined_without(bias):
    model = ScriptedModel(1, bias)
    calibration = fitted(model, 30)

    def with_it(own, score):
        return defective_probability(calibration.joint_p_value(own, score)) >= 0.5

    def without(own, score):
        alone = (1 + sum(normal >= score for normal in calibration.scores)) / (len(calibration.scores) + 1)
        return join(own, defective_probability(alone), None) >= 0.5

    assert balanced(with_it, model) > 0.85
    assert balanced(with_it, model) > balanced(without, model) + 0.1


def test_a_model_that_says_the_same_of_all_leaves_it_to_the_evidence():
    calibration = fitted(ScriptedModel(2), 20).model_copy(update={"log_odds": (1.0,) * 20})
    high = calibration.joint_p_value(1 / (1 + np.exp(-1.0)), 10.0)
    assert high == pytest.approx(1 / 21)
    assert calibration.p_value(1 / (1 + np.exp(-1.0))) == 1.0


def test_it_serves_only_its_model_revision_product_and_references(tmp_path):
    calibration = fitted(ScriptedModel(3), 5)
    save_normals(tmp_path, calibration)
    own = ("plate", "org/model", "abc", "0" * 64)
    assert stored_normals(tmp_path, *own) == calibration
    for index in range(4):
        other = [f"{value}x" if at == index else value for at, value in enumerate(own)]
        assert stored_normals(tmp_path, *other) is None


def test_a_broken_file_names_the_remedy(tmp_path):
    file = save_normals(tmp_path, fitted(ScriptedModel(4), 5))
    file.write_text("{")
    with pytest.raises(ModelError, match="calibrate again"):
        stored_normals(tmp_path, "plate", "org/model", "abc", "0" * 64)


def test_the_digest_of_references_knows_no_order():
    assert references_digest(["a", "b"]) == references_digest(["b", "a"]) != references_digest(["a"])
