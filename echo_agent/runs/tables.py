"""The tables of a run: one row a part, one row a region."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from echo_agent.runs.line import Line
from echo_agent.runs.record import WORST_FIRST, read_lines
from echo_agent.state import Region

Cell = str | int | float | datetime | None
Row = dict[str, Cell]


class Column(NamedTuple):
    """A column: its name, what stands in it, and its type."""

    name: str
    meaning: str
    kind: type


class Table(NamedTuple):
    """A table with the columns that its rows have."""

    name: str
    columns: Sequence[Column]
    rows: Callable[[Path], Iterator[Row]]


PART_COLUMNS = (
    Column("part", "The part's id; the photograph's path where no part ids are read.", str),
    Column("label", "normal, defective or review: that of the worst view.", str),
    Column("views", "Photographs of the part.", int),
    Column("image", "Path of the worst view; what follows is of that view.", str),
    Column("when", "When it was decided, UTC.", datetime),
    Column("product", "Product that it was compared with.", str),
    Column("confidence", "Probability that the label is right, 0 to 1.", float),
    Column("confidence_calibrated", "1 where it was fitted on labelled images, else 0.", int),
    Column("score", "Image score, in multiples of a typical normal part's.", float),
    Column("threshold", "Score above which a part is defective.", float),
    Column("p_value", "Share of good parts expected to score as high, 0 to 1.", float),
    Column("defect_type", "Defect type, where one is known.", str),
    Column("regions", "Suspicious regions of all views.", int),
    Column("reason", "First reason of the decision.", str),
    Column("decided_by", "Who decided.", str),
    Column("memory_version", "Version of the product's memory.", int),
    Column("sha256", "Digest of the photograph's bytes.", str),
    Column("error", "Why the photograph cannot be read.", str),
)

REGION_COLUMNS = (
    Column("part", "The part's id.", str),
    Column("image", "The photograph's path.", str),
    Column("region", "The region's name in the photograph; R1 is the most suspicious.", str),
    Column("place", "Where it lies.", str),
    Column("left", "Left edge of its box, pixels.", int),
    Column("top", "Upper edge of its box, pixels.", int),
    Column("right", "Right edge of its box, pixels, exclusive.", int),
    Column("bottom", "Lower edge of its box, pixels, exclusive.", int),
    Column("area_px", "Area in pixels.", int),
    Column("area_px_low", "Lower end of what the area may be.", int),
    Column("area_px_high", "Upper end of what the area may be.", int),
    Column("length_px", "Longest extent in pixels.", float),
    Column("peak", "Highest map value in it; 1 is the most that a good part reached.", float),
    Column("mean", "Mean map value in it.", float),
)


def part_rows(run: Path) -> Iterator[Row]:
    """Yields a row a part of a run, in the order in which the parts came."""
    parts: dict[str, Row] = {}
    for line in read_lines(run):
        row, known = _part_row(line), parts.get(line.part)
        if known is not None:
            regions, views = (_number(row[name]) + _number(known[name]) for name in ("regions", "views"))
            worse = row if _badness(row) < _badness(known) else known
            row = worse | {"regions": regions, "views": views}
        parts[line.part] = row
    yield from parts.values()


def region_rows(run: Path) -> Iterator[Row]:
    """Yields a row a region of a run's photographs."""
    for line in read_lines(run):
        for region in line.verdict.regions:
            yield {"part": line.part, "image": line.image, **_region_cells(region)}


TABLES = (Table("parts", PART_COLUMNS, part_rows), Table("regions", REGION_COLUMNS, region_rows))


def _part_row(line: Line) -> Row:
    verdict = line.verdict
    return {
        "part": line.part,
        "label": verdict.label,
        "views": 1,
        "image": line.image,
        "when": datetime.fromisoformat(line.when),
        "product": verdict.product,
        "confidence": verdict.confidence,
        "confidence_calibrated": int(verdict.confidence_calibrated),
        "score": verdict.score,
        "threshold": verdict.threshold,
        "p_value": verdict.p_value,
        "defect_type": verdict.defect_type,
        "regions": len(verdict.regions),
        "reason": verdict.reasons[0].text if verdict.reasons else None,
        "decided_by": verdict.decided_by.name,
        "memory_version": verdict.memory_version,
        "sha256": line.sha256,
        "error": line.error,
    }


def _badness(row: Row) -> tuple[int, float]:
    """Sorts views, the worst first."""
    labels: tuple[str, ...] = WORST_FIRST
    return labels.index(str(row["label"])), -_number(row["score"])


def _region_cells(region: Region) -> dict[str, Any]:
    fields = region.model_dump(exclude={"id", "box"})
    return {"region": region.id, **region.box.model_dump(), **fields}


def _number(cell: Cell) -> float:
    return cell if isinstance(cell, int | float) else 0.0
