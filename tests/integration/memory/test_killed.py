"""A registration that is killed leaves the memory as it was, and other processes see what was committed."""

import os
import subprocess
import sys

import pytest

from echo_agent.files import UNFINISHED
from echo_agent.memory.memory import Memory
from tests.conftest import synthetic_part
from tests.integration.memory.killed_registration import MOMENTS


def process(repository, *arguments):
    subprocess.run(
        [sys.executable, "-m", "tests.integration.memory.killed_registration", *map(str, arguments)],
        cwd=repository,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=120,
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


def test_a_second_process_sees_what_the_first_registered(tmp_path, repository):
    memory = Memory.open(tmp_path / "start", create=True)
    memory.register("bolt", [synthetic_part(1)])
    process(repository, tmp_path)
    assert [record.name for record in memory.products()] == ["bolt", "plate"]
    found = memory.evidence(memory.store_image(synthetic_part(50)), "plate")
    assert len(found.references) == 4
    assert memory.register("plate", [synthetic_part(2)]).version == 2
    assert memory.product("plate").normals == 4
