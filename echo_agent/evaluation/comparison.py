"""``evaluate compare``: runs of the benchmark side by side, with what chance alone would move."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from echo_agent.errors import DatasetError, MissingExtraError
from echo_agent.evaluation.mmad_dataset import NORMAL_FLAG
from echo_agent.evaluation.mmad_run import read_run
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

MIN_SHARED = 0.5
"""Share of the smallest run's questions that all runs must have asked."""

Kind = TypeVar("Kind")

Counts = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Subtask to right and asked questions of each image, ``(images,)`` both."""


class Interval(Value):
    """A figure with its 95 % interval; fractions in 0..1, differences in -1..1."""

    value: float
    low: float
    high: float


class ComparedRun(Value):
    """One row of the comparison.

    Attributes:
        name: Name of the run.
        asked: Questions of the run.
        left_out: Of them those that another run did not ask.
        unreadable: Shared questions without an answer that can be read, declined ones included; they are wrong.
        timed_out: Shared questions on which the model took too long; they are wrong.
        guesses: Shared questions that were guessed.
        figures: Subtask, or ``Average``, to accuracy.
        differences: The same to the difference from the first run on the same questions; empty for the first
            run.
    """

    name: str
    asked: int
    left_out: int
    unreadable: int
    timed_out: int
    guesses: int
    figures: dict[str, Interval]
    differences: dict[str, Interval]


class Comparison(Value):
    """Runs on the questions that all of them asked.

    Attributes:
        questions: How many these are.
        images: On how many images.
        runs: A row a run.
    """

    questions: int
    images: int
    runs: tuple[ComparedRun, ...]


def read_runs(folders: Sequence[Path]) -> list[tuple[str, list[MmadAnswer]]]:
    """Reads runs of one benchmark, each with its folder's name.

    Raises:
        DatasetError: One cannot be read, or they are of different question files.
    """
    read = [(folder.resolve().name, *read_run(folder)) for folder in folders]
    for name, settings, _ in read[1:]:
        if settings.questions != read[0][1].questions:
            raise DatasetError(
                f"{name} was asked another mmad.json than {read[0][0]}: compare runs of one benchmark"
            )
    return [(name, answers) for name, _, answers in read]


def compare_runs(runs: Sequence[tuple[str, Sequence[MmadAnswer]]], *, seed: int = 0) -> Comparison:
    """Compares runs on the questions that all of them asked.

    Accuracies are over all datasets together; Anomaly Detection is the mean over normal and defective images. Their
    intervals are Wilson's, those of means put together by square-and-add (Newcombe 1998; Zou and Donner 2008). For the
    intervals of differences images are drawn with replacement, all questions of an image together, since they share
    its evidence.

    Args:
        runs: Name and answers of each run; the first is what the others are compared with.
        seed: Seed of the bootstrap.

    Raises:
        DatasetError: The runs share less than half of the smallest one's questions.
    """
    tables = [{(answer.image, answer.number): answer for answer in answers} for _, answers in runs]
    shared = sorted(set.intersection(*(set(table) for table in tables)))
    fewest = min(len(table) for table in tables)
    if len(shared) < max(1, MIN_SHARED * fewest):
        asked = ", ".join(f"{name} {len(table)}" for (name, _), table in zip(runs, tables, strict=True))
        raise DatasetError(
            f"the runs share {len(shared)} questions of those they asked ({asked}), too few to compare: "
            "take runs with the same --limit and --seed"
        )
    rows: list[ComparedRun] = []
    counts = [_counts([table[key] for key in shared]) for table in tables]
    columns = list(_figures(counts[0], np.arange(_images(counts[0]))))
    for (name, _), table, count in zip(runs, tables, counts, strict=True):
        answers = [table[key] for key in shared]
        late = sum(answer.timed_out for answer in answers)
        rows.append(
            ComparedRun(
                name=name,
                asked=len(table),
                left_out=len(table) - len(shared),
                unreadable=sum(answer.letter is None for answer in answers) - late,
                timed_out=late,
                guesses=sum(answer.guess for answer in answers),
                figures=_accuracies(count),
                differences={
                    column: _difference(count, counts[0], column, seed)
                    for column in (columns if rows else ())
                },
            )
        )
    return Comparison(questions=len(shared), images=_images(counts[0]), runs=tuple(rows))


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


def _accuracies(counts: Counts) -> dict[str, Interval]:
    """Accuracies with their Wilson intervals."""
    found = {}
    for column, (right, asked) in counts.items():
        share = binomtest(int(right.sum()), int(asked.sum()))
        limits = share.proportion_ci(method="wilson")
        found[column] = Interval(value=share.statistic, low=limits.low, high=limits.high)
    return _together(found, _mean)


def _mean(parts: Sequence[Interval]) -> Interval:
    """The mean of independent figures; the distances to their limits add up by their squares."""
    value = sum(part.value for part in parts) / len(parts)
    below = sum((part.value - part.low) ** 2 for part in parts) ** 0.5 / len(parts)
    above = sum((part.high - part.value) ** 2 for part in parts) ** 0.5 / len(parts)
    return Interval(value=value, low=max(0.0, value - below), high=min(1.0, value + above))


def _together(found: dict[str, Kind], mean: Callable[[Sequence[Kind]], Kind]) -> dict[str, Kind]:
    """Joins the two sides of Anomaly Detection, orders the subtasks as the benchmark does, and adds their mean."""
    sides = [found.pop(column) for column in sorted(found) if column.startswith(f"{DETECTION}/")]
    if sides:
        found[DETECTION] = mean(sides)
    known = [column for column in SUBTASKS if column in found]
    ordered = {column: found[column] for column in [*known, *sorted(set(found) - set(known))]}
    return {**ordered, AVERAGE: mean(list(ordered.values()))}


def _figures(counts: Counts, drawn: NDArray[np.integer[Any]]) -> dict[str, NDArray[np.float64]]:
    """Accuracies over drawn images ``(..., images)``; that of all where a draw has no question of a subtask."""
    found = {}
    for column, (right, asked) in counts.items():
        number = asked[drawn].sum(axis=-1)
        share = right[drawn].sum(axis=-1) / np.maximum(number, 1)
        found[column] = np.where(number > 0, share, right.sum() / asked.sum())
    return _together(found, lambda parts: np.mean(parts, axis=0))


def _difference(counts: Counts, first: Counts, column: str, seed: int) -> Interval:
    """The difference of two runs with its percentile bootstrap interval over images."""

    def statistic(drawn: NDArray[np.integer[Any]], axis: int = -1) -> NDArray[np.float64]:
        drawn = np.moveaxis(drawn, axis, -1)
        return _figures(counts, drawn)[column] - _figures(first, drawn)[column]

    images = np.arange(_images(counts))
    value = float(statistic(images))
    if len(images) < 2:
        return Interval(value=value, low=-1.0, high=1.0)
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


def as_markdown(found: Comparison) -> str:
    """Writes the comparison as Markdown: accuracies in percent, then differences from the first run."""
    columns = list(found.runs[0].figures)
    first = found.runs[0].name
    counted = ("unreadable", "timed out", "guessed")
    rows = [
        [
            run.name,
            *(str(number) for number in (run.unreadable, run.timed_out, run.guesses)),
            *(_cell(run.figures[column]) for column in columns),
        ]
        for run in found.runs
    ]
    rows += [
        [
            f"{run.name} − {first}",
            "",
            "",
            "",
            *(_cell(run.differences[column], sign=True) for column in columns),
        ]
        for run in found.runs[1:]
    ]
    lines = [
        markdown_rows(["run", *counted, *columns], rows, right=(*counted, *columns)),
        "",
        f"n = {found.questions} questions on {found.images} images, which all runs asked; unreadable answers and those "
        "that timed out are wrong.",
        *(
            f"{run.name}: {run.left_out} of {run.asked} questions are left out, as another run did not ask them."
            for run in found.runs
            if run.left_out
        ),
        "Percent, with Wilson 95 % intervals; differences are paired, in points, with bootstrap intervals over images.",
    ]
    return "\n".join(lines)


def _cell(interval: Interval, *, sign: bool = False) -> str:
    form = "+.1f" if sign else ".1f"
    return f"{100 * interval.value:{form}} [{100 * interval.low:{form}}, {100 * interval.high:{form}}]"


def plot(found: Comparison, file: Path) -> None:
    """Draws the accuracies with their intervals, a group of bars a subtask.

    Args:
        found: The comparison.
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
    _draw(found.runs, figure)
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
