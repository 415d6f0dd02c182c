"""``evaluate compare``: runs of the benchmark side by side, with what chance alone would move."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from echo_agent.errors import DatasetError, MissingExtraError
from echo_agent.evaluation.mmad_dataset import NORMAL_FLAG
from echo_agent.evaluation.mmad_scoring import DETECTION, MmadAnswer
from echo_agent.report.table import markdown_rows
from echo_agent.state import Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUBTASKS = (
    DETECTION,
    "Defect Classification",
    "Defect Localization",
    "Defect Description",
    "Defect Analysis",
    "Object Classification",
    "Object Analysis",
)
AVERAGE = "Average"
RESAMPLES = 2000

Counts = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Subtask to right and asked questions of each image, ``(images,)`` both."""


class Interval(Value):
    """A figure with its 95 % bootstrap interval; fractions in 0..1, differences in -1..1."""

    value: float
    low: float
    high: float


class ComparedRun(Value):
    """One row of the comparison.

    Attributes:
        name: Name of the run.
        figures: Subtask, or ``Average``, to accuracy; unreadable answers are wrong.
        differences: The same to the difference from the first run on the same questions; empty for the first
            run.
    """

    name: str
    figures: dict[str, Interval]
    differences: dict[str, Interval]


def compare_runs(
    runs: Sequence[tuple[str, Sequence[MmadAnswer]]], *, seed: int = 0
) -> tuple[ComparedRun, ...]:
    """Compares runs on the questions that all of them answered.

    Images are drawn with replacement, all questions of an image together, since they share its evidence.
    Accuracies are over all datasets together; Anomaly Detection is the mean over normal and defective images.

    Args:
        runs: Name and answers of each run; the first is what the others are compared with.
        seed: Seed of the bootstrap.

    Returns:
        A row a run, in their order.

    Raises:
        DatasetError: No question was answered by all runs.
    """
    tables = [{(answer.image, answer.number): answer for answer in answers} for _, answers in runs]
    shared = sorted(set.intersection(*(set(table) for table in tables)))
    if not shared:
        raise DatasetError("the runs share no question: compare runs of the same benchmark and --limit")
    counts = [_counts([table[key] for key in shared]) for table in tables]
    columns = list(_figures(counts[0], np.arange(_images(counts[0]))))
    rows: list[ComparedRun] = []
    for (name, _), count in zip(runs, counts, strict=True):
        own = {column: _interval([count], column, seed) for column in columns}
        paired = {column: _interval([count, counts[0]], column, seed) for column in columns} if rows else {}
        rows.append(ComparedRun(name=name, figures=own, differences=paired))
    return tuple(rows)


def _counts(answers: Sequence[MmadAnswer]) -> Counts:
    places = {path: place for place, path in enumerate(sorted({answer.image for answer in answers}))}
    counts: Counts = {}
    for answer in answers:
        side = "normal" if NORMAL_FLAG in answer.image else "defective"
        column = answer.counted_as if answer.counted_as != DETECTION else f"{DETECTION}/{side}"
        right, asked = counts.setdefault(column, (np.zeros(len(places)), np.zeros(len(places))))
        right[places[answer.image]] += answer.right
        asked[places[answer.image]] += 1
    return counts


def _images(counts: Counts) -> int:
    return len(next(iter(counts.values()))[0])


def _figures(counts: Counts, drawn: NDArray[np.integer[Any]]) -> dict[str, NDArray[np.float64]]:
    """Accuracies over drawn images ``(..., images)``; that of all where a draw has no question of a subtask."""
    found = {}
    for column, (right, asked) in counts.items():
        number = asked[drawn].sum(axis=-1)
        share = right[drawn].sum(axis=-1) / np.maximum(number, 1)
        found[column] = np.where(number > 0, share, right.sum() / asked.sum())
    sides = [found.pop(column) for column in sorted(found) if column.startswith(f"{DETECTION}/")]
    if sides:
        found[DETECTION] = np.mean(sides, axis=0)
    known = [column for column in SUBTASKS if column in found]
    ordered = {column: found[column] for column in [*known, *sorted(set(found) - set(known))]}
    return {**ordered, AVERAGE: np.mean(list(ordered.values()), axis=0)}


def _interval(runs: Sequence[Counts], column: str, seed: int) -> Interval:
    """The figure of one run, or the difference of two, with its percentile bootstrap interval over images."""

    def statistic(drawn: NDArray[np.integer[Any]], axis: int = -1) -> NDArray[np.float64]:
        drawn = np.moveaxis(drawn, axis, -1)
        first, *rest = (_figures(counts, drawn)[column] for counts in runs)
        return first - rest[0] if rest else first

    images = np.arange(_images(runs[0]))
    value = float(statistic(images))
    if len(images) < 2:
        return Interval(value=value, low=value, high=value)
    found = bootstrap(
        (images,),
        statistic,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=200,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(value=value, low=float(found.low), high=float(found.high))


def as_markdown(rows: Sequence[ComparedRun]) -> str:
    """Writes the comparison as Markdown: accuracies in percent, then differences from the first run."""
    columns = list(rows[0].figures)
    accuracies = [[row.name, *(_cell(row.figures[column]) for column in columns)] for row in rows]
    differences = [
        [f"{row.name} − {rows[0].name}", *(_cell(row.differences[column], sign=True) for column in columns)]
        for row in rows
        if row.differences
    ]
    table = markdown_rows(["run", *columns], [*accuracies, *differences], right=columns)
    note = "Percent, with bootstrap 95 % intervals over images; differences are paired, in points."
    return f"{table}\n\n{note}"


def as_json(rows: Sequence[ComparedRun]) -> str:
    """Writes the comparison as one JSON object on one line."""
    return json.dumps({"runs": [row.model_dump(mode="json") for row in rows]}, ensure_ascii=False)


def _cell(interval: Interval, *, sign: bool = False) -> str:
    form = "+.1f" if sign else ".1f"
    return f"{100 * interval.value:{form}} [{100 * interval.low:{form}}, {100 * interval.high:{form}}]"


def plot(rows: Sequence[ComparedRun], file: Path) -> None:
    """Draws the accuracies with their intervals, a group of bars a subtask.

    Args:
        rows: The comparison.
        file: Where to write it; its suffix (``.png``, ``.svg``) says the format.

    Raises:
        DatasetError: The file cannot be written.
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "eval") from error
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    _draw(rows, figure)
    try:
        figure.savefig(file)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} cannot be written ({error}): name a .png or .svg file") from error


def _draw(rows: Sequence[ComparedRun], figure: "Figure") -> None:
    axes = figure.subplots()
    columns = list(rows[0].figures)
    width = 0.8 / len(rows)
    for index, row in enumerate(rows):
        values = [row.figures[column] for column in columns]
        places = np.arange(len(columns)) + (index - (len(rows) - 1) / 2) * width
        heights = [100 * value.value for value in values]
        errors = [
            [max(0.0, 100 * (value.value - value.low)) for value in values],
            [max(0.0, 100 * (value.high - value.value)) for value in values],
        ]
        axes.bar(places, heights, width, yerr=errors, capsize=2, label=row.name)
    axes.set_xticks(np.arange(len(columns)), columns, rotation=20, ha="right")
    axes.set_ylabel("accuracy in %")
    axes.set_ylim(0, 100)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)
