"""A registration that is killed leaves the memory as it was, and other processes see what was committed."""

import os
import subprocess
import sys
from threading import Thread

import pytest

from echo_agent.files import UNFINISHED
from echo_agent.memory import store
from echo_agent.memory.doctor import examine
from echo_agent.memory.memory import Memory
from echo_agent.memory.mending import repair
from tests.conftest import synthetic_part
from tests.integration.memory.killed_registration import MOMENTS


def process(repository, *arguments):
    subprocess.run(
        [sys.executable, "-m", "tests.integration.memory.killed_registration", *map(str, arguments)],
        cwd=repository,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )


@pytest.fixture(scope="module")
def killed_memories(tmp_path_factory, repository):
    """A memory for each moment at which the registration of a second version was killed."""
    folder = tmp_path_factory.mktemp("killed")
    process(repository, folder, *MOMENTS)
    return folder


def scores(memory):
    image = memory.store_image(synthetic_part(50))
    return [
        memory.evidence(image, "plate", escalation_level=escalation_level).score
        for escalation_level in (0, 2)
    ]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_registration_leaves_the_memory_as_it_was_and_a_later_one_works(killed_memories, moment):
    memory, start = Memory.open(killed_memories / moment), Memory.open(killed_memories / "start")
    (record,) = memory.products()
    before = {file.name for file in (start.folder / "images").iterdir()}
    copied = {file.name for file in (memory.folder / "images").iterdir()} - before
    assert len(copied) == {"encoded": 0, "image copied": 1}.get(moment, 3)
    spare = set() if moment == "committed" else {f"images/{name}" for name in copied}
    found = {one.name for one in examine(memory.folder) if one.kind == "leftover"}
    assert {name for name in found if name.startswith("images/")} == spare
    assert any(name.startswith(".staged-") for name in found)
    if moment == "committed":
        assert (record.version, record.normals) == (2, 3)
    else:
        old = start.product("plate")
        assert record.model_dump(exclude={"references"}) == old.model_dump(exclude={"references"})
        assert [image.sha256 for image in record.references] == [image.sha256 for image in old.references]
        assert scores(memory) == scores(start)
    later = memory.register("plate", [synthetic_part(seed) for seed in range(20, 25)], replace=True)
    assert (later.version, later.normals) == (record.version + 1, 5)
    assert [folder.name for folder in (memory.folder / "products").iterdir()] == [later.key]
    assert scores(Memory.open(memory.folder)) == scores(memory)
    assert not list(memory.folder.glob(UNFINISHED))
    left = {f"images/{file.name}" for file in (memory.folder / "images").iterdir()}
    assert not spare & left


def test_a_second_process_sees_what_the_first_registered(tmp_path, repository):
    memory = Memory.open(tmp_path / "start", create=True)
    memory.register("bolt", [synthetic_part(1)])
    process(repository, tmp_path)
    assert [record.name for record in memory.products()] == ["bolt", "plate"]
    found = memory.evidence(memory.store_image(synthetic_part(50)), "plate")
    assert len(found.references) == 4
    assert memory.register("plate", [synthetic_part(2)]).version == 2
    assert memory.product("plate").normals == 4


def test_the_doctor_takes_nothing_from_a_registration_that_is_still_running(tmp_path, monkeypatch):
    memory = Memory.open(tmp_path / "memory", create=True)
    memory.register("bolt", [synthetic_part(1)])
    write = store.add_version

    def mended_meanwhile(*given, **named):
        found = examine(memory.folder)
        assert {one.name.split("/")[0] for one in found} >= {"products", "images"}
        mending = Thread(target=repair, args=(memory.folder, lambda: memory))
        mending.start()
        mending.join(1)
        waiting.append(mending)
        write(*given, **named)

    waiting = []
    monkeypatch.setattr(store, "add_version", mended_meanwhile)
    memory.register("plate", [synthetic_part(seed) for seed in range(10, 13)])
    waiting[0].join(120)
    assert examine(memory.folder) == []
    assert memory.product("plate").normals == 3
