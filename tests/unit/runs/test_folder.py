import json
import os
import shutil

import pytest

from echo_agent.context import Context
from echo_agent.errors import RunError
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.line import Line, unreadable
from echo_agent.runs.photograph import Photograph
from echo_agent.runs.record import RunSettings, cut_unfinished, read_lines, read_record
from tests.verdicts import a_verdict

SETTINGS = RunSettings(
    memory="/memory", encoder="stand-in", product="plate", context=Context(mllm="measured")
)


def a_line(number, image, label="normal", part=None, **changes):
    verdict = a_verdict(label)
    return Line(number=number, image=str(image), part=part or str(image), when="2026-11-26T10:00:00+00:00",
                sha256="0" * 64, size=3, modified=4, verdict=verdict).model_copy(update=changes)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def test_lines_are_read_as_they_were_written(folder):
    run = RunFolder(folder, SETTINGS)
    lines = [a_line(1, "/a.png"), a_line(2, "/b.png", "review", error="broken", verdict=unreadable("broken"))]
    for line in lines:
        run.add(line)
    run.close()
    read = list(read_lines(folder))
    assert [line.to_json() for line in read] == [line.to_json() for line in lines]
    record = read_record(folder)
    assert (record.photographs, record.unreadable) == (2, 1)
    assert record.labels == {"defective": 0, "review": 1, "normal": 1}


def test_a_part_takes_its_worst_view(folder):
    run = RunFolder(folder, SETTINGS)
    for number, (part, label) in enumerate(
        [("1", "review"), ("1", "normal"), ("2", "normal"), ("3", "review"), ("3", "defective")], start=1
    ):
        run.add(a_line(number, f"/{number}.png", label, part))
    assert dict(run.parts) == {"review": 1, "normal": 1, "defective": 1}
    run.close()


def test_one_process_writes_at_a_time(folder):
    run = RunFolder(folder, SETTINGS)
    with pytest.raises(RunError, match="being written by another process"):
        RunFolder(folder, SETTINGS)
    run.close()
    RunFolder(folder, SETTINGS).close()


def test_what_differs_is_told_and_the_run_is_free_again(folder):
    RunFolder(folder, SETTINGS).close()
    other = SETTINGS.model_copy(update={"part_id": "x", "context": Context(mllm="measured", shots=2)})
    with pytest.raises(RunError, match="part_id None, now 'x'; shots 4, now 2"):
        RunFolder(folder, other)
    RunFolder(folder, SETTINGS).close()


def test_a_line_that_is_none_is_told(folder):
    run = RunFolder(folder, SETTINGS)
    run.add(a_line(1, "/a.png"))
    run.close()
    file = folder / "verdicts.jsonl"
    file.write_text("{broken\n" + file.read_text())
    with pytest.raises(RunError, match=r"verdicts\.jsonl:1 is no line of a run"):
        RunFolder(folder, SETTINGS)


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(RunError, match="holds no run"):
        read_record(tmp_path)


@pytest.mark.parametrize("unfinished", ["", '{"a', "x" * 200_000])
def test_what_a_kill_left_of_a_line_goes(tmp_path, unfinished):
    file = tmp_path / "lines"
    for whole in ("", json.dumps({"b": 1}) + "\n", "y" * 70_000 + "\n"):
        file.write_text(whole + unfinished)
        cut_unfinished(file)
        assert file.read_text() == whole


def test_a_photograph_is_known_by_name_and_content(tmp_path, folder):
    photograph = tmp_path / "a.png"
    photograph.write_bytes(b"abc")
    run = RunFolder(folder, SETTINGS)
    seen = Photograph.at(photograph)
    assert not run.knows(seen)
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    run.add(a_line(1, photograph, sha256=digest, size=seen.size, modified=seen.modified))
    assert run.knows(seen)
    copy = tmp_path / "b.png"
    shutil.copy2(photograph, copy)
    assert not run.knows(Photograph.at(copy)), "a copy is another photograph"
    photograph.unlink()
    assert run.knows(Photograph.at(copy)), "a renamed one is the same"
    copy.write_bytes(b"abc")
    os.utime(copy, ns=(0, 5))
    assert not run.knows(Photograph.at(tmp_path / "c.png"))
    shutil.copy(copy, tmp_path / "c.png")
    assert not run.knows(Photograph.at(tmp_path / "c.png")), "the same picture taken later is another"
    copy.write_bytes(b"xyz")
    assert not run.knows(Photograph.at(copy)), "what took its place is another"
    run.close()
