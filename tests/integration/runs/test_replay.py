"""An inspection is shown with all that it rests on, and made again: the same verdict, or what has changed."""

import json

import pytest

from echo_agent.context import Context
from echo_agent.errors import RecordError
from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.runs import replay as replaying
from echo_agent.runs.replay import replay
from echo_agent.strictness import StrictnessSettings
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder

CARD = """schema_version: 1
product: plate
normal: A grey plate with two holes.
"""


@pytest.fixture
def inspector(tmp_path, good_parts, monkeypatch):
    """An inspector whose memory is opened with its own encoder wherever it is opened by name."""
    memory = Memory.open(tmp_path / "memory", encoder=StandInEncoder(), create=True)
    inspector = Inspector(memory, context=Context(max_false_reject=0.2))
    (tmp_path / "card.yaml").write_text(CARD)
    inspector.register("plate", good_parts, knowledge=tmp_path / "card.yaml")
    monkeypatch.setattr(replaying, "open_memory", lambda folder: memory)
    return inspector


def inspected(inspector, image, **given):
    inspector.inspect(image, product="plate", **given)
    (record,) = inspector.memory.inspections.newest(1)
    return record


def test_the_same_verdict_comes_again_and_leaves_no_record(inspector, scratched_part):
    record = inspected(inspector, scratched_part, question="Where is the defect?")
    assert record.made.settings["max_false_reject"] == 0.2
    assert record.made.question.text == "Where is the defect?"
    assert len(record.made.card) == 64
    again = replay(inspector.memory.folder, record.id)
    assert (again.same, again.changes) == (True, ())
    assert str(again) == "The same verdict again. Nothing has changed since."
    assert again.verdict.answer == record.verdict.answer
    assert len(inspector.memory.inspections.newest()) == 1


def test_what_has_changed_is_told(inspector, scratched_part, tmp_path, monkeypatch):
    record = inspected(inspector, scratched_part)
    for seed in range(20, 24):
        synthetic_part(seed).save(tmp_path / f"more-{seed}.png")
    inspector.register("plate", [scratched_part, *tmp_path.glob("more-*.png")])
    monkeypatch.setattr(replaying, "echo_version", lambda: "99")
    again = replay(inspector.memory.folder, record.id)
    assert not again.same
    assert any(told.startswith("score") for told in again.differences)
    assert "version of the product's memory 1, now 2" in again.changes
    assert f"Echo {record.made.echo}, now 99" in again.changes


def test_a_setting_of_the_product_that_was_changed_since_is_told_and_not_taken(inspector, scratched_part):
    plain = Inspector(inspector.memory)
    record = inspected(plain, scratched_part)
    plain.memory.set_strictness("plate", StrictnessSettings(max_false_reject=0.4))
    again = replay(inspector.memory.folder, record.id)
    assert again.same
    assert [told for told in again.changes if told.startswith("how strict max_false_reject 10 %")]
    assert "max_false_reject 40 %" in str(again)


def test_a_photograph_that_is_gone_is_told(inspector, tmp_path):
    file = tmp_path / "new.png"
    synthetic_part(50).save(file)
    record = inspected(inspector, file)
    if record.image.uri == str(file):
        file.unlink()
        with pytest.raises(RecordError, match="is neither at"):
            replay(inspector.memory.folder, record.id)
    with pytest.raises(RecordError, match="no inspection none"):
        replay(inspector.memory.folder, "none")


def test_the_command_lines_tell_the_same(inspector, scratched_part, echo):
    record = inspected(inspector, scratched_part)
    memory = ("--memory", inspector.memory.folder)
    code, told, _ = echo("show", record.id, *memory)
    assert code == 0
    for part in (
        record.image.sha256,
        "version 1 of its memory",
        "stand-in",
        "max_false_reject 0.2",
        "attempt 1",
    ):
        assert part in told
    assert "as it was written" in told
    shown = json.loads(echo("show", record.image.sha256, *memory, "--json")[1])
    assert (shown["id"], shown["changed"], shown["made"]["echo"]) == (record.id, [], record.made.echo)
    assert echo("replay", record.id, *memory)[:2] == (
        0,
        "The same verdict again. Nothing has changed since.\n",
    )
    code, told, _ = echo("records", "--check", *memory)
    assert (code, told[:32]) == (0, "1 records and answers are as the")
    with inspector.memory._store._database.writing() as connection:
        connection.execute("UPDATE inspection SET label = 'normal'")
    code, _, err = echo("records", "--check", *memory)
    assert (code, f"the inspection {record.id} was changed" in err) == (1, True)
    assert "was changed" in echo("show", record.id, *memory)[1]
