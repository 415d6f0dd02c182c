"""A program that registers products and is killed at given moments, each in a memory of its own.

Usage: ``python -m tests.integration.memory.killed_registration FOLDER MOMENT...``. ``FOLDER/start`` is a memory in
which ``plate`` is registered; in a copy of it, ``FOLDER/MOMENT``, a second version of ``plate`` is begun.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from echo_agent.images import stored
from echo_agent.memory import memory, products, store
from echo_agent.memory.normal_model import Resolution
from echo_agent.memory.store import Store
from tests.conftest import synthetic_part
from tests.stand_in_encoder import StandInEncoder

MOMENTS = ("encoded", "image copied", "bank written", "version written", "committed")


def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(function):
    def run(*arguments, **options):
        function(*arguments, **options)
        killed()

    return run


def kill_at(moment: str) -> None:
    """Puts the death of this process into what happens at a moment of a registration."""
    if moment == "encoded":
        products.fit = killed_after(products.fit)
    elif moment == "image copied":
        stored.copy_image = killed_after(stored.copy_image)
    elif moment == "bank written":
        Resolution.save = killed_after(Resolution.save)
    elif moment == "version written":
        store.add_version = killed_after(store.add_version)
    else:
        Store._sweep = killed


def in_a_child(act) -> None:
    """Runs a step in a process of its own: Chroma does not outlive a fork."""
    child = os.fork()
    if child == 0:
        act()
        os._exit(0)
    os.waitpid(child, 0)


def register(folder: Path, seeds, moment: str | None = None) -> None:
    opened = memory.Memory.open(folder, create=True)
    if moment is not None:
        kill_at(moment)
    opened.register("plate", [synthetic_part(seed) for seed in seeds], replace=True)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    memory.load_encoder = lambda name, _: StandInEncoder(name)
    in_a_child(lambda: register(place / "start", range(4)))
    for at in sys.argv[2:]:
        shutil.copytree(place / "start", place / at)
        in_a_child(lambda at=at: register(place / at, range(10, 13), at))
