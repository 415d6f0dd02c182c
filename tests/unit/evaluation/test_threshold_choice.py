from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.evaluation.threshold_choice import Labelled, choose_thresholds, score_labelled
from echo_agent.evaluation.threshold_report import as_text, plot
from echo_agent.images.decoding import load_image
from echo_agent.strictness import Strictness

from .photographs import write_flat_category

STRICT = Strictness(max_escape=0.05)
NORMALS = tuple(np.linspace(0.8, 1.2, 9).tolist())


Stored = namedtuple("Stored", "sha256 path")


class FakeMemory:
    """Nine references of plate; an image's score is its mean brightness over 100."""

    def __init__(self, references=(), normals=NORMALS):
        self.references = references or tuple(SimpleNamespace(sha256=str(number)) for number in range(9))
        self.normals = normals

    def product(self, name):
        return SimpleNamespace(
            name=name, version=2, encoder="fake/1", references=self.references, strictness_by=None
        )

    def normal_scores(self, product):
        return self.normals

    def store_image(self, path, product=None):
        return Stored(path.name, path)

    def evidence(self, image, product):
        return SimpleNamespace(score=float(np.asarray(load_image(image.path)).mean()) / 100)

    def parts(self, product, images):
        return tuple(range(len(images)))


def choose(labelled=None, **options):
    return choose_thresholds(FakeMemory(), "plate", strictness=STRICT, labelled=labelled, **options)


def test_the_wanted_rate_comes_first_and_each_says_what_is_missing():
    choice = choose()
    assert [reject.wanted for reject in choice.rejects] == [0.1, 0.05, 0.02, 0.01]
    assert choice.rejects[0].threshold == pytest.approx(1.2)
    assert choice.rejects[0].guarantee.expected_false_reject == pytest.approx(0.1)
    assert [reject.guarantee.normals_missing for reject in choice.rejects] == [0, 10, 40, 90]
    assert choice.passes is None
    assert choice.zones is None


def test_labelled_parts_cost_what_they_score():
    choice = choose(Labelled(good=(0.9, 1.0, 1.3), defective=(0.95, 1.1, 2.0, 3.0)))
    reject = choice.rejects[0]
    assert (reject.false_rejects.count, reject.false_rejects.of) == (1, 3)
    assert (reject.escapes.count, reject.escapes.of) == (2, 4)
    # Clopper and Pearson's one-sided bounds from their tables: 1 of 3 and 2 of 4 at 95 %.
    assert reject.false_rejects.bound_95 == pytest.approx(0.8647, abs=1e-4)
    assert reject.escapes.bound_95 == pytest.approx(0.9024, abs=1e-4)
    assert choice.passes.threshold == 0.95
    assert choice.passes.guarantee.expected_escape == pytest.approx(0.2)
    assert choice.passes.guarantee.defects_missing == 15
    assert choice.zones.good == (1, 1, 1)
    assert choice.zones.defective == (0, 2, 2)


def test_where_defects_stand_far_out_there_is_no_zone_between():
    choice = choose(Labelled(good=(1.0,), defective=(5.0, 6.0)))
    assert choice.zones.normal_below == choice.zones.defective_above == pytest.approx(1.2)
    assert choice.zones.defective == (0, 0, 2)


def test_labelled_photographs_are_scored_by_their_kind(tmp_path):
    category = read_category(write_flat_category(tmp_path / "plate"))
    labelled = score_labelled(FakeMemory(references=()), "plate", category)
    assert labelled.good == pytest.approx((1.0, 1.01, 1.02, 1.03))
    assert len(labelled.defective) == 2


def test_the_words_name_thresholds_promises_and_costs():
    text = as_text(choose(Labelled(good=(0.9, 1.0, 1.3), defective=(0.95, 1.1, 2.0, 3.0))))
    assert "9 normals, each against the others: scores 0.80 to 1.20" in text
    assert "1 of 3 (at most 86 %)" in text
    assert "normal below 0.95, from 4 defective parts: 20 % expected" in text
    assert "15 more defective parts would reach the wanted rate" in text
    assert "4 defective parts: 0 normal, 2 review, 2 defective" in text


def test_too_few_references_are_said_with_the_number_that_is_missing():
    memory = FakeMemory(references=tuple(range(4)), normals=NORMALS[:4])
    text = as_text(choose_thresholds(memory, "plate", strictness=STRICT))
    assert "10 % false rejects need 5 more references" in text


def test_photographs_that_repeat_each_other_promise_what_one_does():
    memory = FakeMemory(references=tuple(range(12)), normals=NORMALS[:3])
    choice = choose_thresholds(memory, "plate", strictness=STRICT)
    assert choice.rejects[0].guarantee.expected_false_reject == pytest.approx(1 / 4)
    assert "12 photographs, 3 distinct" in as_text(choice)


def test_a_single_reference_gives_no_threshold_and_nothing_to_draw(tmp_path):
    memory = FakeMemory(references=(0,), normals=())
    choice = choose_thresholds(memory, "plate", strictness=STRICT)
    assert choice.rejects[0].threshold is None
    assert "photographs of a single good part give no threshold" in as_text(choice)
    with pytest.raises(DatasetError, match="no scores to draw"):
        plot(choice, tmp_path / "scores.png")


def test_the_picture_is_written_or_the_reason_told(tmp_path):
    choice = choose(Labelled(good=(0.9,), defective=(2.0,)))
    plot(choice, tmp_path / "scores.png")
    assert load_image(tmp_path / "scores.png").width > 400
    with pytest.raises(DatasetError, match=r"name a \.png or \.svg file"):
        plot(choice, tmp_path / "scores.words")


def test_good_parts_that_contradict_the_promise_are_told():
    contradicting = choose(Labelled(good=(9.0,) * 14 + (0.5,) * 6))
    assert contradicting.rejects[0].contradicted
    assert "the labelled parts contradict this: 14 of 20" in as_text(contradicting)
    keeping = choose(Labelled(good=(9.0,) * 2 + (0.5,) * 18))
    assert not keeping.rejects[0].contradicted
    assert "contradict" not in as_text(keeping)
