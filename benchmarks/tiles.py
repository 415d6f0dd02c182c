"""What tiles find in large photographs that a look at the whole misses: ``python -m benchmarks.tiles``."""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw

from benchmarks.machine import machine_name, peak_memory_gib
from benchmarks.program import JsonOption, program, tell
from echo_agent.errors import DatasetError
from echo_agent.images.listing import list_images
from echo_agent.memory.memory import Memory
from echo_agent.report.table import markdown_rows
from echo_agent.state import Value

SIDE, WORKING = 2048, 256
STRIPS = 4
LENGTH = (40, 25)
"""Extent of a drawn scratch to the right and down, in pixels."""


class TilesBenchmark(Value):
    """What was found at one side of the tiles.

    Attributes:
        side: Side of the tiles in pixels; 0 for a look at the whole alone.
        good: Good photographs above the threshold, of how many.
        found: Scratches above the threshold, of how many, by their width in pixels.
        register_seconds: Time of the registration, by the processor.
        inspect_seconds: Median time of an inspection, by the processor.
        memory_gib: Peak memory of the process so far.
    """

    side: int
    good: tuple[int, int]
    found: dict[int, tuple[int, int]]
    register_seconds: float
    inspect_seconds: float
    memory_gib: float


def large_photographs(folder: Path) -> Iterator[Image.Image]:
    """Photographs of 2,048 x 1,024 pixels: four strips of real cloth, as they were taken, above each other.

    Args:
        folder: Folder of photographs of cloth, 4,096 x 256 pixels each.
    """
    strips = []
    for file in list_images(folder):
        with Image.open(file) as opened:
            cloth = opened.convert("RGB")
        if cloth.width < SIDE or cloth.height < WORKING:
            raise DatasetError(
                f"{file} is smaller than {SIDE} x {WORKING} pixels: name a folder of fabric_01"
            )
        strips += [
            cloth.crop((left, 0, left + SIDE, WORKING)) for left in range(0, cloth.width - SIDE + 1, SIDE)
        ]
    random.Random(0).shuffle(strips)
    for first in range(0, len(strips) - STRIPS + 1, STRIPS):
        photograph = Image.new("RGB", (SIDE, STRIPS * WORKING))
        for row, strip in enumerate(strips[first : first + STRIPS]):
            photograph.paste(strip, (0, WORKING * row))
        yield photograph


def scratched(photograph: Image.Image, x: int, y: int, width: int = 4) -> Image.Image:
    """The photograph with a scratch of this width and 47 pixels long, half as bright as what is around it."""
    copy = photograph.copy()
    across, down = LENGTH
    around = np.asarray(copy.crop((x, y, x + across, y + down))).mean()
    ImageDraw.Draw(copy).line((x, y, x + across, y + down), fill=(round(around / 2),) * 3, width=width)
    return copy


def benchmark_tiles(
    category: Path, sides: Sequence[int], widths: Sequence[int], per_photograph: int
) -> list[TilesBenchmark]:
    """Registers photographs made of a category's good ones, and looks at good and at scratched ones."""
    references = list(large_photographs(category / "train" / "good"))
    good = list(large_photographs(category / "test" / "good"))
    generator = random.Random(1)
    places = [
        (one, generator.randrange(50, SIDE - 100), generator.randrange(50, STRIPS * WORKING - 100))
        for one in good
        for _ in range(per_photograph)
    ]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory.open(folder, second_encoder="none", create=True)
        for side in sides:
            start = time.process_time()
            memory.register(f"tiles {side}", references, tiles=side, tell=lambda _: None)
            registered = time.process_time() - start
            seconds: list[float] = []

            def above(
                photographs: Sequence[Image.Image], product: str, spent: list[float]
            ) -> tuple[int, int]:
                count = 0
                for photograph in photographs:
                    begun = time.process_time()
                    seen = memory.evidence(memory.store_image(photograph), product)
                    spent.append(time.process_time() - begun)
                    count += (seen.score or 0) > (seen.threshold or 0)
                return count, len(photographs)

            rows.append(
                TilesBenchmark(
                    side=side,
                    good=above(good, f"tiles {side}", seconds),
                    found={
                        width: above([scratched(*place, width) for place in places], f"tiles {side}", seconds)
                        for width in widths
                    },
                    register_seconds=registered,
                    inspect_seconds=float(np.median(seconds)),
                    memory_gib=peak_memory_gib(),
                )
            )
    return rows


def tiles(
    category: Annotated[Path, typer.Argument(metavar="DIR", help="The category fabric_01.")],
    sides: Annotated[str, typer.Option(help="Sides of the tiles, with commas; 0 for none.")] = "0,512,256",
    widths: Annotated[str, typer.Option(help="Widths of the drawn scratches.")] = "2,3,4,6",
    scratches: Annotated[
        int, typer.Option(min=1, help="Scratches drawn on each good photograph, one at a time.")
    ] = 4,
    *,
    as_json: JsonOption = False,
) -> None:
    """Scratches found in photographs of 2,048 x 1,024 pixels, with and without tiles, and what it costs."""
    found = benchmark_tiles(
        category, [int(one) for one in sides.split(",")], [int(one) for one in widths.split(",")], scratches
    )
    head = [
        "tiles",
        *(f"{width} px" for width in found[0].found),
        "good above",
        "register",
        "inspect",
        "peak memory",
    ]
    cells = [
        [
            f"{row.side} px" if row.side else "none",
            *(f"{of[0]} of {of[1]}" for of in row.found.values()),
            f"{row.good[0]} of {row.good[1]}",
            f"{row.register_seconds:.0f} s",
            f"{row.inspect_seconds:.2f} s",
            f"{row.memory_gib:.2f} GiB",
        ]
        for row in found
    ]
    tell(found, f"{markdown_rows(head, cells)}\n{machine_name('cpu')}, seconds of processor time", as_json)


app = program(tiles)

if __name__ == "__main__":
    app()
