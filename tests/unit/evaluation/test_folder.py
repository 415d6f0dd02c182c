import json

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.folder import FolderRun, FolderSettings, evaluate_category
from echo_agent.evaluation.folder_layout import read_category

from .fake_inspector import FakeInspector

FIELDS = [
    "category",
    "shots",
    "seed",
    "n_test",
    "n_defective",
    "n_unreadable",
    "n_unscored",
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


def test_an_image_without_a_score_is_left_out_of_the_ranking_and_counted(mvtec_category):
    class Unscored(FakeInspector):
        def inspect(self, image, **options):
            verdict = super().inspect(image, **options)
            return (
                verdict.model_copy(update={"evidence": None, "label": "review"})
                if image.parent.name == "dent"
                else verdict
            )

    result = evaluate_category(read_category(mvtec_category), shots=2, seed=0, open_inspector=Unscored)
    assert (result.n_test, result.n_unscored, result.review_rate) == (5, 2, pytest.approx(2 / 5))
    assert result.image_auroc == 1.0


def test_a_photograph_that_cannot_be_read_is_counted_and_the_others_go_on(mvtec_category):
    (mvtec_category / "test" / "good" / "000.png").write_bytes(b"no image")
    result = evaluate_category(read_category(mvtec_category), shots=2, seed=0, open_inspector=FakeInspector)
    assert (result.n_test, result.n_unreadable) == (4, 1)


def run_in(folder, **changes):
    values = {
        "revision": "1",
        "encoder": None,
        "mllm": None,
        "profile": "adaptive",
        "experts": ("reference",),
    }
    return FolderRun(folder, FolderSettings(**{**values, **changes}))


def test_a_run_that_was_killed_goes_on_to_the_same_figures(mvtec_category, tmp_path):
    category, times = read_category(mvtec_category), {"fit_s", "ms_per_image_p50", "ms_per_image_p95"}
    whole = evaluate_category(category, shots=2, seed=3, open_inspector=FakeInspector)
    looked = []

    class Stopped(FakeInspector):
        def inspect(self, image, **options):
            looked.append(image)
            if len(looked) == 3:
                raise KeyboardInterrupt
            return super().inspect(image, **options)

    with pytest.raises(KeyboardInterrupt):
        evaluate_category(category, shots=2, seed=3, open_inspector=Stopped, run=run_in(tmp_path))
    with (tmp_path / "photographs.jsonl").open("a") as file:
        file.write('{"category": "pla')
    resumed = evaluate_category(category, shots=2, seed=3, open_inspector=Stopped, run=run_in(tmp_path))
    assert len(looked) == 6
    assert resumed.model_dump(exclude=times) == whole.model_dump(exclude=times)
    lines = (tmp_path / "photographs.jsonl").read_text().splitlines()[1:]
    assert [json.loads(line)["kind"] for line in lines] == ["dent", "dent", "good", "good", "stain"]
    evaluate_category(category, shots=2, seed=4, open_inspector=FakeInspector, run=run_in(tmp_path))
    assert len((tmp_path / "photographs.jsonl").read_text().splitlines()) == 11
    with pytest.raises(DatasetError, match=r"other settings \(profile\)"):
        run_in(tmp_path, profile="always")


def test_a_line_whose_pixels_were_lost_is_inspected_again(mvtec_category, tmp_path):
    category = read_category(mvtec_category)
    first = evaluate_category(category, shots=2, seed=0, open_inspector=FakeInspector, run=run_in(tmp_path))
    (pixels,) = (tmp_path / "pixels").iterdir()
    pixels.unlink()
    again = evaluate_category(category, shots=2, seed=0, open_inspector=FakeInspector, run=run_in(tmp_path))
    assert (again.aupro, again.n_test) == (first.aupro, first.n_test)
    pixels.write_bytes(b"broken")
    with pytest.raises(DatasetError, match="is broken"):
        evaluate_category(category, shots=2, seed=0, open_inspector=FakeInspector, run=run_in(tmp_path))


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
