"""A model's liking for one answer is taken away by calibration, and told as what it is without."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.errors import ModelError
from echo_agent.mllm.confidence import expected_calibration_error, fit, join, save, stored


def biased_model(n=200, seed=0):
    """Probabilities of a model that calls nearly every part defective, and what the parts are."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % 2 == 0
    logits = 3.0 + 1.5 * (labels - 0.5) + generator.normal(0, 0.7, n)
    return (1 / (1 + np.exp(-logits))).tolist(), labels.tolist()


def test_platt_scaling_takes_a_bias_away():
    probabilities, labels = biased_model()
    calibration = fit("m", "1", "fast", probabilities, labels)
    judged = [join(p, None, calibration) >= 0.5 for p in probabilities]
    before = np.mean([(p >= 0.5) == y for p, y in zip(probabilities, labels, strict=True)])
    after = np.mean([j == y for j, y in zip(judged, labels, strict=True)])
    assert before < 0.6
    assert after > 0.75
    assert calibration.ece_after < 0.15 < calibration.ece_before


def test_temperature_keeps_the_models_side():
    probabilities, labels = biased_model()
    calibration = fit("m", "1", "fast", probabilities, labels, method="temperature")
    assert calibration.offset == 0
    assert all((join(p, None, calibration) >= 0.5) == (p >= 0.5) for p in probabilities)


def test_evidence_that_knows_more_gets_more_weight():
    probabilities, labels = biased_model()
    evidence = [0.95 if label else 0.05 for label in labels]
    calibration = fit("m", "1", "fast", probabilities, labels, evidence=evidence)
    assert calibration.evidence_weight > calibration.weight
    assert join(0.96, 0.05, calibration) < 0.5


def test_separable_classes_keep_finite_weights():
    calibration = fit("m", "1", "fast", [0.01] * 5 + [0.99] * 5, [False] * 5 + [True] * 5)
    assert np.isfinite(calibration.weight)
    assert 0.5 < join(0.99, None, calibration) < 1


@pytest.mark.parametrize("labels", [[True] * 10, [False] * 10, [True] * 6 + [False] * 4])
def test_too_few_of_a_class_are_refused(labels):
    with pytest.raises(ModelError, match="at least"):
        fit("m", "1", "fast", [0.5] * 10, labels)


@given(st.floats(0, 1), st.none() | st.floats(0, 1))
def test_joining_gives_a_probability_and_sides_with_both(model, evidence):
    joined = join(model, evidence, None)
    assert 0 <= joined <= 1
    if evidence is not None:
        assert min(model, evidence) - 1e-5 <= joined <= max(model, evidence) + 1e-5


def test_calibration_error_of_right_and_of_wrong_certainty():
    labels = [True, False] * 50
    assert expected_calibration_error([float(y) for y in labels], labels) == 0
    assert expected_calibration_error([0.9] * 100, labels, bins=1) == pytest.approx(0.4)


def test_calibration_error_of_known_answers():
    assert expected_calibration_error([0.95] * 4, [True, True, True, False]) == pytest.approx(0.2)
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0.0)


def test_a_calibration_serves_only_its_model_revision_and_path(tmp_path):
    calibration = fit("org/model", "abc", "fast", *biased_model())
    save(tmp_path, calibration)
    assert stored(tmp_path, "org/model", "abc", "fast") == calibration
    assert stored(tmp_path, "org/model", "abd", "fast") is None
    assert stored(tmp_path, "org/model", "abc", "reasoned") is None
    assert stored(tmp_path, "org-model", "abc", "fast") is None


def test_a_broken_calibration_names_its_file(tmp_path):
    file = save(tmp_path, fit("org/model", "abc", "fast", *biased_model()))
    file.write_text("{")
    with pytest.raises(ModelError, match="calibrate again"):
        stored(tmp_path, "org/model", "abc", "fast")
