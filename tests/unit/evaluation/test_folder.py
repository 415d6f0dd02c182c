import json

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder import evaluate_category
from echo_agent.evaluation.folder_layout import read_category
from echo_agent.state import Reason

from .fake_inspector import FakeInspector

FIELDS = [
    "category",
    "shots",
    "seed",
    "n_test",
    "n_defective",
    "image_auroc",
    "image_ap",
    "f1_max",
    "pixel_auroc",
    "aupro",
    "aupro_05",
    "false_reject_rate",
    "escape_rate",
    "review_rate",
    "threshold",
    "fit_s",
    "ms_per_image_p50",
    "ms_per_image_p95",
]


def test_figures_of_a_category(mvtec_category):
    result = evaluate_category(read_category(mvtec_category), shots=3, seed=1, open_inspector=FakeInspector)
    assert list(json.loads(result.model_dump_json())) == FIELDS
    assert (result.category, result.shots, result.seed) == ("plate", 3, 1)
    assert (result.n_test, result.n_defective) == (5, 3)
    assert result.image_auroc == 1.0
    # The dents move the mean by 12.5 grey values, below the threshold of 20; the stain by 60.
    assert result.escape_rate == pytest.approx(2 / 3)
    assert result.false_reject_rate == 0.0
    assert result.review_rate == 0.0
    assert result.threshold == 20.0
    # The stain has no mask: were its pixels counted as good, the area would be below 1.
    assert result.pixel_auroc == pytest.approx(1.0)
    assert result.aupro == pytest.approx(1.0)
    assert 0 < result.ms_per_image_p50 <= result.ms_per_image_p95


def test_a_part_for_a_person_is_neither_escaped_nor_rejected(mvtec_category):
    result = evaluate_category(
        read_category(mvtec_category),
        shots=4,
        seed=0,
        open_inspector=lambda folder: FakeInspector(folder, review_above=5.0),
    )
    assert result.review_rate == pytest.approx(3 / 5)
    assert result.escape_rate == 0.0


def test_without_masks_the_pixel_figures_are_null(mvtec_category):
    (mvtec_category / "ground_truth").rename(mvtec_category / "elsewhere")
    result = evaluate_category(read_category(mvtec_category), shots=2, seed=0, open_inspector=FakeInspector)
    assert result.pixel_auroc is None
    assert result.aupro is None


def test_only_the_chosen_references_are_registered_and_the_memory_is_gone_afterwards(mvtec_category):
    opened = []

    def open_inspector(folder):
        opened.append(FakeInspector(folder))
        assert folder.is_dir()
        return opened[0]

    category = read_category(mvtec_category)
    evaluate_category(category, shots=2, seed=5, open_inspector=open_inspector)
    assert tuple(opened[0].registered) == category.references(2, 5)
    assert not opened[0].folder.exists()


def test_an_image_without_a_score_is_an_error_that_names_it(mvtec_category):
    class Unscored(FakeInspector):
        def inspect(self, image, **options):
            verdict = super().inspect(image, **options)
            black = Reason(kind="image quality", text="The photograph is black.")
            return verdict.model_copy(update={"evidence": None, "reasons": (black,)})

    with pytest.raises(DatasetError, match=r"dent/000.png got no score.*The photograph is black"):
        evaluate_category(read_category(mvtec_category), shots=2, seed=0, open_inspector=Unscored)


def test_progress_is_told_after_each_image(mvtec_category):
    told = []
    evaluate_category(
        read_category(mvtec_category),
        shots=2,
        seed=0,
        open_inspector=FakeInspector,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, 5) for number in range(1, 6)]
