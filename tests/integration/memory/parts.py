"""Parts that the tests of the memory register and compare, and what lies below its folder."""

from pathlib import Path

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
