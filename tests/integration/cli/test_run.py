"""A run on disk, by the command line: killed and resumed, refused, stopped, with what cannot be read."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.conftest import REPOSITORY, synthetic_part

COUNT = 40


@pytest.fixture(scope="module")
def shift(tmp_path_factory):
    """A shift's photographs, a few of them with a scratch."""
    folder = tmp_path_factory.mktemp("shift")
    for seed in range(COUNT):
        synthetic_part(100 + seed, defect=seed % 7 == 3).save(folder / f"part-{seed // 2:02d}-{seed % 2}.png")
    return folder


def started(plates, photographs, run, quick):
    """A process that is slow after some photographs: what is sent to it then finds it with others left."""
    command = [sys.executable, "-m", "tests.slowed", "echo_agent.runs.folder:RunFolder.add", str(quick)]
    command += ["inspect", str(photographs), "--product", "plate", "--out", str(run), "--memory", str(plates)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def lines_of(run):
    return [json.loads(line) for line in (run / "verdicts.jsonl").read_text().splitlines()]


def wait_for_lines(run, count, process):
    file = run / "verdicts.jsonl"
    while not (file.exists() and file.read_bytes().count(b"\n") >= count):
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def in_one_go(echo, plates, photographs, run):
    code, _, err = echo("inspect", photographs, "--product", "plate", "--out", run, "--memory", plates)
    assert (code, err) == (0, "")
    return {line["image"]: (line["label"], line["score"], line["sha256"]) for line in lines_of(run)}


@pytest.mark.slow
def test_a_killed_run_goes_on_with_none_repeated_lost_or_doubled(echo, plates, shift, tmp_path):
    run = tmp_path / "run"
    for done, wanted in ((0, 3), (3, 19)):
        process = started(plates, shift, run, wanted - done)
        wait_for_lines(run, wanted, process)
        process.kill()
        process.communicate()
        assert len((run / "verdicts.jsonl").read_bytes().splitlines()) < COUNT
    file = run / "verdicts.jsonl"
    os.truncate(file, file.stat().st_size - 5)
    before = {line["image"]: line["when"] for line in map(json.loads, file.read_text().splitlines()[:-1])}
    expected = in_one_go(echo, plates, shift, tmp_path / "whole")
    code, _, err = echo("inspect", shift, "--product", "plate", "--out", run, "--memory", plates)
    assert code == 0
    assert f"holds {len(before)} already, {COUNT - len(before)} are new" in err
    found = lines_of(run)
    assert {line["image"]: (line["label"], line["score"], line["sha256"]) for line in found} == expected
    assert [line["number"] for line in found] == list(range(1, COUNT + 1))
    assert {line["image"]: line["when"] for line in found if line["image"] in before} == before
    for line in found:
        assert (run / line["photograph"]).is_file()
        assert (run / line["map"]).is_file()
    record = json.loads((run / "run.json").read_text())
    assert +Counter(record["labels"]) == Counter(line["label"] for line in found)
    assert len(record["sessions"]) == 3


@pytest.mark.slow
def test_ctrl_c_ends_cleanly_and_tells_how_to_go_on(plates, shift, tmp_path):
    process = started(plates, shift, tmp_path / "run", 2)
    wait_for_lines(tmp_path / "run", 2, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=180)
    done = len(lines_of(tmp_path / "run"))
    assert process.returncode == 130
    assert f"stopped with {COUNT - done} left: the same command goes on there" in err
    assert f"{done} inspected" in out
    assert "Traceback" not in err


def test_two_workers_come_to_the_same_verdicts(echo, plates, shift, tmp_path):
    few = sorted(shift.iterdir())[:18]
    one, two = tmp_path / "one", tmp_path / "two"
    options = ("--product", "plate", "--memory", plates)
    assert echo("inspect", *few, *options, "--out", one)[0] == 0
    assert echo("inspect", *few, *options, "--out", two, "--workers", 2)[0] == 0
    judged = [
        {line["image"]: (line["label"], round(line["score"], 4)) for line in lines_of(run)}
        for run in (one, two)
    ]
    assert judged[0] == judged[1]
    assert len(lines_of(two)) == 18


def test_a_part_takes_its_worst_view_and_what_cannot_be_read_is_a_line(echo, plates, shift, tmp_path):
    broken = tmp_path / "part-03-9.png"
    broken.write_bytes(b"no picture")
    listed = tmp_path / "list.csv"
    listed.write_text(
        "image\n" + "\n".join(str(shift / f"part-0{n}-{v}.png") for n in (1, 2) for v in (0, 1))
    )
    run = tmp_path / "run"
    code, out, err = echo(
        "inspect", listed, broken, "--product", "plate", "--memory", plates, "--out", run,
        "--part-id", r"part-(\d+)",
    )  # fmt: skip
    assert code == 1
    assert str(broken) in err
    assert "5 inspected" in out
    found = {line["image"]: line for line in lines_of(run)}
    line = found[str(broken)]
    assert (line["label"], line["part"], line["sha256"], line["map"]) == ("review", "03", None, None)
    assert str(broken) in line["error"]
    assert found[str(shift / "part-01-1.png")]["label"] != "normal"
    parts = json.loads((run / "run.json").read_text())["parts"]
    assert parts["normal"] == 1
    assert sum(parts.values()) == 3


def test_other_settings_are_refused_with_what_differs(echo, plates, shift, tmp_path):
    photograph = shift / "part-00-0.png"
    run = tmp_path / "run"
    options = ("--memory", plates, "--out", run)
    assert echo("inspect", photograph, *options, "--product", "plate")[0] == 0
    code, out, err = echo("inspect", photograph, *options, "--profile", "always")
    assert (code, out) == (1, "")
    assert "product 'plate', now None; profile 'adaptive', now 'always'" in err
    assert len(lines_of(run)) == 1


def test_a_folder_that_cannot_be_made_is_told(echo, plates, scratched_part):
    code, out, err = echo("inspect", scratched_part, "--memory", plates, "--out", scratched_part / "run")
    assert (code, out) == (1, "")
    assert f"{scratched_part / 'run'} cannot be written" in err


def test_a_wrong_path_begins_no_run(echo, plates, shift, tmp_path):
    wrong, run = tmp_path / "shft", tmp_path / "run"
    code, out, err = echo("inspect", wrong, "--product", "plate", "--out", run, "--memory", plates)
    assert (code, out) == (1, "")
    assert err == f"echo-agent: {wrong} does not exist: check the path\n"
    assert not run.exists()


def test_added_renamed_and_replaced_photographs(echo, plates, shift, tmp_path):
    folder, run = tmp_path / "new", tmp_path / "run"
    folder.mkdir()
    for number in range(3):
        synthetic_part(200 + number).save(folder / f"{number}.png")
    options = ("--product", "plate", "--memory", plates, "--out", run)
    assert echo("inspect", folder, *options)[0] == 0
    (folder / "0.png").rename(folder / "a.png")
    synthetic_part(300).save(folder / "1.png")
    (folder / "b.png").write_bytes((folder / "2.png").read_bytes())
    os.utime(folder / "2.png")
    assert echo("inspect", folder, *options)[0] == 0
    assert [os.path.basename(line["image"]) for line in lines_of(run)[3:]] == ["1.png", "b.png"]
