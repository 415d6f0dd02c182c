"""A memory of an earlier Echo is taken over once, whole or not at all, wherever it lies now."""

import pytest

from echo_agent.errors import StoreError
from echo_agent.memory import former_files
from echo_agent.memory.feedback import exemplars, remember, undo
from echo_agent.memory.memory import Memory
from echo_agent.state import HumanAnswer
from tests.conftest import synthetic_part
from tests.integration.memory.former_memory import as_former_files
from tests.photographs import stained
from tests.verdicts import a_verdict

GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))


def says(memory, image, label, *, learn=True):
    answer = HumanAnswer(
        action="correct", label=label, who="Ann", when="2026-11-26T10:00:00+00:00", remember=learn
    )
    return remember(memory, "plate", image, "review", answer)


@pytest.fixture
def scores(plates, tmp_path):
    """Makes ``plates`` a memory of an earlier Echo with answers and records; gives the scores it had."""
    card = tmp_path / "card.yaml"
    card.write_text("domain knowledge")
    (tmp_path / "manual.md").write_text("# Plates")
    plates.register("plate", [synthetic_part(0)], knowledge=card)
    good, bad = plates.store_image(GOOD), plates.store_image(STAINED)
    says(plates, good, "normal")
    says(plates, bad, "defective")
    plates.inspections.add(bad, a_verdict("defective", map_id="m1"))
    plates.inspections.add(plates.store_image(synthetic_part(52)), a_verdict("review"))
    found = [plates.evidence(bad, "plate", escalation_level=level).score for level in (0, 2)]
    as_former_files(plates)
    return found


def is_taken_over(memory, scores):
    """Whether all that the files held is there."""
    record = memory.product("plate")
    assert (record.version, record.normals) == (3, 11)
    assert memory.card("plate").read_text() == "domain knowledge"
    assert memory.card("plate").with_name("manual.md").exists()
    bad = memory.store_image(STAINED)
    found = [memory.evidence(bad, "plate", escalation_level=level) for level in (0, 2)]
    assert [evidence.score for evidence in found] == scores
    assert found[0].exemplars[0].who == "Ann"
    assert [(said.learnt, said.in_force) for said in memory.answers()] == [
        ("reference", True),
        ("exemplar", True),
    ]
    assert exemplars(memory, "plate")[0].image.uri.startswith(str(memory.folder))
    waiting, other = memory.inspections.newest()
    assert (waiting.verdict.label, other.verdict.map_id) == ("review", "m1")
    assert memory.inspections.waiting() == [waiting]
    assert not list(memory.folder.glob("*.json*"))
    assert {file.name for file in (memory.folder / former_files.ASIDE).iterdir()} == {
        "catalog.json",
        "feedback.jsonl",
        "inspections",
    }
    return True


def test_it_is_taken_over_where_it_was_moved_to(plates, scores):
    moved = plates.folder.rename(plates.folder.with_name("moved"))
    memory = Memory.open(moved)
    assert is_taken_over(memory, scores)
    assert is_taken_over(Memory.open(moved), scores)
    back = undo(memory, memory.answers()[0].id)
    assert not back.in_force
    assert [(record.version, record.normals) for record in memory.history("plate")] == [(4, 10), (3, 11)]


@pytest.mark.parametrize("moment", ["add_version", "add_answer", "add_inspection", "_put_aside"])
def test_what_is_cut_off_is_begun_anew(plates, scores, monkeypatch, moment):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(former_files, moment, stopped)
        with pytest.raises(KeyboardInterrupt):
            Memory.open(plates.folder)
    assert (plates.folder / "catalog.json").exists()
    assert is_taken_over(Memory.open(plates.folder), scores)


def test_a_record_that_cannot_be_read_is_told_and_stays_in_its_file(plates, scores, caplog):
    (plates.folder / "inspections" / "torn.json").write_text("{")
    assert is_taken_over(Memory.open(plates.folder), scores)
    assert "torn.json cannot be read as an inspection" in caplog.text
    assert (plates.folder / former_files.ASIDE / "inspections" / "torn.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"encoder": 1}', "\xff"])
def test_what_is_no_catalog_is_named(tmp_path, text):
    (tmp_path / "catalog.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=r"catalog\.json is no catalog.*register into a new folder"):
        Memory.open(tmp_path)
    assert (tmp_path / "catalog.json").exists()


def test_a_newer_catalog_and_torn_answers_are_not_guessed_at(plates, scores):
    answers, catalog = plates.folder / "feedback.jsonl", plates.folder / "catalog.json"
    answers.write_text(answers.read_text() + "{")
    with pytest.raises(StoreError, match=r"feedback\.jsonl cannot be read"):
        Memory.open(plates.folder)
    catalog.write_text(catalog.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(StoreError, match="format 2"):
        Memory.open(plates.folder)
