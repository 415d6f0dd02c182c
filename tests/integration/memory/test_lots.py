"""Lots that judge themselves, from the photographs to the verdict, in Python, runs and on the command line."""

import json

import pytest
from PIL import Image, ImageEnhance

from echo_agent.errors import EncoderError, InputError
from echo_agent.inspector import Inspector
from echo_agent.memory import memory as of_memory
from echo_agent.runs.lot import judged_as_a_lot
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.replay import replay
from tests.conftest import synthetic_part

SEEDS = (33, 42, 47, 45, 20, 14, 22, 8, 39, 28, 44, 25)
PARTS = len(SEEDS)


@pytest.fixture
def lot(memory, tmp_path):
    """An inspector that knows seven plates, and a folder of twelve more, the last one scratched."""
    memory.register("plate", [synthetic_part(seed) for seed in range(7)])
    folder = tmp_path / "lot"
    folder.mkdir()
    for number, seed in enumerate(SEEDS):
        synthetic_part(seed, defect=number == PARTS - 1).save(folder / f"part-{number:02d}.png")
    return Inspector(memory), folder


def test_a_lot_lifts_doubts_and_says_so(lot):
    inspector, folder = lot
    images = sorted(folder.iterdir())
    alone = inspector.inspect_many(images, product="plate")
    together = inspector.inspect_many(images, product="plate", lot=True)
    assert all(verdict.evidence.lot is None for verdict in alone)
    assert all(verdict.evidence.lot.parts == PARTS for verdict in together)
    changed = [(a, b) for a, b in zip(alone, together, strict=True) if a.label != b.label]
    assert changed, [(verdict.label, verdict.evidence.lot) for verdict in together]
    for before, after in changed:
        assert before.label == "review"
        assert "11 other parts of its lot" in after.attempts[-1].changed
        assert after.reasons[0].kind == "lot"
    assert all(verdict.label != "normal" for verdict in together[-1:])


def test_a_recorded_inspection_of_a_lot_replays_with_the_word_of_its_lot(lot):
    inspector, folder = lot
    inspector.inspect_many(sorted(folder.iterdir()), product="plate", lot=True)
    for record in inspector.memory.inspections.newest():
        assert replay(inspector.memory.folder, record.id).same


def test_a_lot_of_few_parts_or_references_declines(lot):
    inspector, folder = lot
    images = [inspector.memory.store_image(path) for path in sorted(folder.iterdir())]
    found = inspector.memory.judge_lot(images[:3], "plate")
    assert {one.declined for one in found.values()} == {"a lot of 3 is too small to judge itself, it takes 8"}
    inspector.register("one", [synthetic_part(90)])
    found = inspector.memory.judge_lot(images, "one")
    assert "references" in next(iter(found.values())).declined
    burst = [ImageEnhance.Brightness(synthetic_part(90)).enhance(1 + number / 100) for number in range(6)]
    inspector.register("burst", burst)
    found = inspector.memory.judge_lot(images, "burst")
    assert "references of 3 parts" in next(iter(found.values())).declined


@pytest.mark.parametrize("encoders", ["both", "second"])
def test_a_second_encoder_that_is_asked_of_a_lot_must_be_there(lot, encoders):
    inspector, folder = lot
    images = [inspector.memory.store_image(path) for path in sorted(folder.iterdir())]
    with pytest.raises(EncoderError, match="--add-encoder"):
        inspector.memory.judge_lot(images, "plate", encoders=encoders)


def test_a_lot_is_judged_anew_where_its_product_changes_meanwhile(lot, monkeypatch):
    inspector, folder = lot
    judge, seen = of_memory.judge_lot, []

    def changed_meanwhile(images, record, *rest):
        if not seen:
            inspector.memory.add_references("plate", [synthetic_part(70)])
        seen.append(record.version)
        return judge(images, record, *rest)

    monkeypatch.setattr(of_memory, "judge_lot", changed_meanwhile)
    images = [inspector.memory.store_image(path) for path in sorted(folder.iterdir())]
    inspector.memory.forget()
    assert not any(one.declined for one in inspector.memory.judge_lot(images, "plate").values())
    assert seen == [1, 2]


def test_nobody_outside_may_say_what_a_lot_says(lot):
    inspector, folder = lot
    image = inspector.memory.store_image(folder / "part-11.png")
    forged = {"parts": 99, "score": 0.1, "highest_reference": 1.0, "median": 0.5}
    with pytest.raises(InputError, match="inspect_many"):
        inspector.graph.invoke({"image": image, "product": "plate", "lot": forged}, context=inspector.context)


@pytest.mark.parametrize("into", [(), ("--out", "RUN")])
def test_the_command_line_judges_a_folder_as_a_lot(lot, tmp_path, capsys, into):
    from echo_agent.cli.app import app

    inspector, folder = lot
    arguments = [one.replace("RUN", str(tmp_path / "run")) for one in into]
    with pytest.raises(SystemExit) as ended:
        app(
            [
                "inspect", str(folder), "--product", "plate", "--lot", "--json",
                "--memory", str(inspector.memory.folder), *arguments,
            ]
        )  # fmt: skip
    assert ended.value.code == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["lot"]["parts"] for line in lines] == [PARTS] * PARTS


def test_a_lot_of_which_most_stands_out_declines_in_words(lot, tmp_path):
    inspector, _ = lot
    bad = [synthetic_part(80 + number, defect=number % 3 > 0) for number in range(PARTS)]
    alone = inspector.inspect_many(bad, product="plate")
    together = inspector.inspect_many(bad, product="plate", lot=True)
    declined = together[0].evidence.lot.declined
    assert "% of its parts stand out" in declined
    assert [verdict.label for verdict in together] == [verdict.label for verdict in alone]


def _views(folder, *, turned):
    """The scratched part of the lot on seven photographs more: frames of a burst, or turned over."""
    with Image.open(folder / f"part-{PARTS - 1:02d}.png") as scratched:
        for number in range(1, 8):
            view = scratched.transpose(Image.Transpose.ROTATE_180) if turned and number % 2 else scratched
            ImageEnhance.Brightness(view).enhance(1 + number / 100).save(folder / f"part-11-{number}.png")


@pytest.mark.parametrize("turned", [False, True])
def test_a_defect_that_is_photographed_often_is_had_by_one_part(lot, turned):
    inspector, folder = lot
    _views(folder, turned=turned)
    photographs = [Photograph.at(path) for path in sorted(folder.iterdir())]
    judged = judged_as_a_lot(photographs, inspector, "plate", r"part-(\d\d)" if turned else None)
    assert {photograph.lot.parts for photograph in judged} == {PARTS}
    (good,) = {photograph.lot.median for photograph in judged}
    scores = [photograph.lot.score for photograph in judged if "part-11" in photograph.name]
    assert len(scores) == 8
    assert min(scores) > 1.1 * good
