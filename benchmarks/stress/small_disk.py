"""A small disk that runs full: what fails leaves nothing, and with no byte free the memory still opens to be read."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.stress.attack import Attack
from benchmarks.stress.crash_points import leftovers
from benchmarks.stress.parts import open_memory
from benchmarks.stress.writers import ACTS, after_death, in_process, start, state_after
from echo_agent.errors import EchoError
from echo_agent.memory.catalog import existing, open_database

PAGE = 4096
NEEDED = 96
"""Pages that the largest act needs, and some more."""

TRIED = ("register", "register_another", "learn", "take_back")


def acts(folder: Path, act: str) -> str | None:
    """Tries an act; gives what is wrong with how it fails."""
    try:
        ACTS[act](open_memory(folder))
    except EchoError as error:
        return None if "\n" not in str(error) else f"no one sentence: {error}"
    except Exception as error:  # noqa: BLE001 - whatever else is raised is a trace that a user would see
        return f"{type(error).__name__}: {error}"
    return None


def opens(folder: Path) -> str | None:
    """Reads a memory beside which no byte is free."""
    filler = folder.parent / "filler"
    with filler.open("r+b", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(PAGE))
    try:
        existing(open_database(folder))
        memory = open_memory(folder)
        return None if memory.products() and memory.answers() else "it opens empty"
    except Exception as error:  # noqa: BLE001 - as above
        return f"with no byte free: {type(error).__name__}: {error}"
    finally:
        os.truncate(filler, 0)


def small_disk(folder: Path, attempts: int) -> Iterator[str | None]:
    """Lets acts run on a disk with ever more pages free; tries nothing where no disk may be made."""
    in_process(start, folder)
    before = in_process(state_after, folder / "start", None)
    disk = folder / "disk"
    disk.mkdir()
    step = max(1, NEEDED * len(TRIED) // attempts)
    whole = {act: in_process(state_after, _copy(folder, folder / f"whole-{act}"), act) for act in TRIED}
    for number in range(0, NEEDED * len(TRIED), step):
        act, free = TRIED[number % len(TRIED)], number // len(TRIED)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            return
        try:
            place = _copy(folder, disk)
            (disk / "filler").touch()
            used = shutil.disk_usage(disk).used
            smaller = ["mount", "-o", f"remount,size={used + free * PAGE}", str(disk)]
            subprocess.run(smaller, check=True)
            failed = in_process(acts, place, act) or in_process(opens, place)
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            failed = failed or in_process(leftovers, place, folder / "start", act)
            failed = failed or in_process(after_death, place, [before, whole[act]])
        finally:
            subprocess.run(["umount", str(disk)], check=True)
        yield None if failed is None else f"{act} with {free} pages free: {failed}"


def _copy(folder: Path, place: Path) -> Path:
    place.mkdir(exist_ok=True)
    for file in ("part.png", "card.yaml"):
        shutil.copyfile(folder / file, place / file)
    return shutil.copytree(folder / "start", place / "memory")


ATTACKS = (
    Attack(
        "small-disk",
        "a small disk with ever more pages free, then none at all",
        small_disk,
        short=6,
        long=200,
    ),
)
