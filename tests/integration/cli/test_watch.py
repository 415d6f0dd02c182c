"""A watched folder, by the command line: files written slowly, moved, renamed, and the process killed."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import synthetic_part

COUNT = 24


def started(plates, incoming, run, *options):
    command = [
        sys.executable,
        "-m",
        "echo_agent.cli.app",
        "inspect",
        "--watch",
        str(incoming),
        "--out",
        str(run),
    ]
    command += [
        "--product",
        "plate",
        "--memory",
        str(plates),
        "--sort-into",
        str(run.parent / "sorted"),
        *options,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines_of(run):
    file = run / "verdicts.jsonl"
    whole = file.read_text().split("\n")[:-1] if file.exists() else []  # the last may be half written
    return [json.loads(line) for line in whole]


def wait_for(run, count, seconds=300):
    end = time.monotonic() + seconds
    while len(lines_of(run)) < count:
        assert time.monotonic() < end, lines_of(run)
        time.sleep(0.05)


def drop(picture, incoming, draw):
    """Writes slowly, moves in, or renames after it was written; a few twice over."""
    way = draw.randrange(3)
    target = incoming / picture.name
    if way == 0:
        data = picture.read_bytes()
        with target.open("wb") as file:
            for start in range(0, len(data), len(data) // 3 + 1):
                file.write(data[start : start + len(data) // 3 + 1])
                file.flush()
                time.sleep(0.05)
    elif way == 1:
        shutil.copy2(picture, incoming / f"{picture.name}.part")
        (incoming / f"{picture.name}.part").rename(target)
    else:
        (incoming / "lot").mkdir(exist_ok=True)
        shutil.copy(picture, target)
        target.rename(incoming / "lot" / f"renamed-{picture.name}")


@pytest.mark.slow
def test_each_photograph_that_arrives_is_inspected_once_across_kills(plates, tmp_path):
    incoming, run, pictures = tmp_path / "incoming", tmp_path / "run", tmp_path / "pictures"
    for folder in (incoming, pictures):
        folder.mkdir()
    for seed in range(COUNT):
        synthetic_part(400 + seed, defect=seed % 5 == 0).save(pictures / f"{seed:02d}.png")
    draw = random.Random(0)
    process = started(plates, incoming, run)
    for number, picture in enumerate(sorted(pictures.iterdir())):
        drop(picture, incoming, draw)
        if number == COUNT // 2:
            wait_for(run, 3)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            os.rename(lines_of(run)[0]["image"], incoming / "renamed-later.png")
            process = started(plates, incoming, run)
    wait_for(run, COUNT)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    found = lines_of(run)
    assert len(found) == COUNT
    digests = {line["sha256"] for line in found}
    assert len(digests) == COUNT
    assert all(line["error"] is None for line in found)
    assert f"{COUNT} inspected" in out
    by_label = {place.name: len(list(place.iterdir())) for place in (tmp_path / "sorted").iterdir()}
    assert by_label == {
        label: count
        for label in ("normal", "defective", "review")
        if (count := sum(line["label"] == label for line in found))
    }


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("options", [("--workers", "2"), ("--engine", "ray", "--workers", "2")])
def test_several_workers_watch_too_and_none_outlives_a_kill(plates, tmp_path, options):
    if "ray" in options:
        pytest.importorskip("ray")
    incoming, run = tmp_path / "incoming", tmp_path / "run"
    incoming.mkdir()
    process = started(plates, incoming, run, *options)
    for seed in range(8):
        synthetic_part(500 + seed).save(incoming / f"{seed}.png")
        if seed == 3:
            wait_for(run, 2)
            workers = children(process.pid)
            assert len(workers) >= 2
            process.send_signal(signal.SIGKILL)
            process.communicate()
            process = started(plates, incoming, run, *options)
    wait_for(run, 8)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert "8 inspected" in out
    assert len({line["sha256"] for line in lines_of(run)}) == len(lines_of(run)) == 8
    end = time.monotonic() + 180
    while workers & (running() - agents_of_ray()):  # these have their names only once they are up
        assert time.monotonic() < end, "workers outlive the process that started them"
        time.sleep(0.2)


def children(parent):
    """Numbers of the processes that one has started, and of those that these have."""
    found = set()
    for file in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            found |= set(map(int, file.read_text().split()))
    return found.union(*map(children, found))


def agents_of_ray():
    """Numbers of Ray's own agents: without their cluster they seek it for a minute, then end by themselves."""
    names = {}
    for file in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            names[int(file.parent.name)] = file.read_text()
    return {
        number for number, name in names.items() if name.startswith(("ray::Dashboard", "ray::RuntimeEnv"))
    }


def running():
    """Numbers of the processes that are there and not dead."""
    states = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            states[int(file.parent.name)] = file.read_text().rpartition(")")[2].split()[0]
    return {number for number, state in states.items() if state != "Z"}


def test_what_belongs_to_a_run_wants_one(echo, plates, tmp_path):
    code, _, err = echo("inspect", "--watch", tmp_path, "--memory", plates)
    assert code == 2
    assert "these options are of a run" in err
    assert echo("inspect", "--memory", plates)[0] == 2
    code, _, err = echo(
        "inspect", "--watch", tmp_path / "none", "--out", tmp_path / "run", "--memory", plates
    )
    assert code == 1
    assert "is not a folder" in err
