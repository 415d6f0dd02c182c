"""Parts that the tests of the memory register and compare, and what lies below its folder."""

from pathlib import Path

import numpy as np

from echo_agent.memory.catalog import open_database
from echo_agent.memory.memory import Memory
from echo_agent.memory.versions import embeddings_of
from tests.conftest import synthetic_part
from tests.photographs import another_part, stained

GOOD, STAINED = synthetic_part(50), stained(synthetic_part(51))


def goods(*seeds):
    return [synthetic_part(seed) for seed in seeds]


def others(*seeds):
    return [another_part(seed) for seed in seeds]


def predicted(memory, image, product="plate", **options):
    return memory.evidence(memory.store_image(image), product, **options)


def files_below(folder: Path, *parts: str) -> list[str]:
    return sorted(
        str(file.relative_to(folder)) for file in folder.joinpath(*parts).rglob("*") if file.is_file()
    )


def assert_taken_anew(memory, product="plate"):
    """Embeddings of a product that are lost are those that it had once its memory is opened again."""
    database, key = open_database(memory.folder), memory.product(product).key
    before = embeddings_of(database, key)
    with database.writing() as connection:
        connection.execute("UPDATE photograph SET embedding = NULL")
    Memory.open(memory.folder)
    after = embeddings_of(database, key)
    assert all(np.allclose(after[digest], before[digest], atol=1e-3) for digest in before)
