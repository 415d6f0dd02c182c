"""Several runs of ``evaluate folder`` together: mean and spread over seeds, and the mean over categories."""

import statistics
from collections.abc import Sequence

from echo_agent.evaluation.folder import FolderResult
from echo_agent.report.table import markdown_rows
from echo_agent.state import Value

COUNTS = frozenset({"category", "shots", "seed", "n_test", "n_defective", "n_unreadable", "n_unscored"})
FIGURES = tuple(name for name in FolderResult.model_fields if name not in COUNTS)
MEAN = "mean"

SHOWN = {
    "image_auroc": "image AUROC",
    "image_ap": "image AP",
    "f1_max": "F1 max",
    "pixel_auroc": "pixel AUROC",
    "aupro": "AUPRO 0.3",
    "aupro_05": "AUPRO 0.05",
    "false_reject_rate": "false rejects",
    "escape_rate": "escapes",
    "review_rate": "review",
    "ms_per_image_p50": "ms p50",
}
"""Columns of the table, by figure."""


class Spread(Value):
    """A figure over several runs.

    Attributes:
        mean: Its mean.
        sd: Sample standard deviation over the seeds; None for a single seed.
    """

    mean: float
    sd: float | None


class Summary(Value):
    """One row of the table.

    Attributes:
        category: Name of the category, or ``mean``.
        shots: References that were asked for.
        seeds: Seeds over which the figures are.
        figures: Each figure of ``FolderResult``; None where no run has it.
    """

    category: str
    shots: int
    seeds: tuple[int, ...]
    figures: dict[str, Spread | None]


class FolderRuns(Value):
    """Several categories, numbers of shots or seeds, as ``evaluate folder --json`` prints them.

    Attributes:
        rows: A result a category, number of shots and seed.
        summaries: A row a category and number of shots, over the seeds.
        means: A row a number of shots: for each seed the mean over the categories, then over the seeds.
    """

    rows: tuple[FolderResult, ...]
    summaries: tuple[Summary, ...]
    means: tuple[Summary, ...]


def summarise(runs: Sequence[tuple[int, FolderResult]]) -> FolderRuns:
    """Sums runs up.

    Args:
        runs: References that were asked for (a category may have fewer), and the result.

    Returns:
        Results, a summary a category, and the means over categories.
    """
    shots = list(dict.fromkeys(asked for asked, _ in runs))
    categories = list(dict.fromkeys(result.category for _, result in runs))
    seeds = tuple(dict.fromkeys(result.seed for _, result in runs))
    summaries = [
        Summary(
            category=category,
            shots=asked,
            seeds=seeds,
            figures={name: _spread([_value(one, name) for one in of_category]) for name in FIGURES},
        )
        for category in categories
        for asked in shots
        if (of_category := [one for count, one in runs if count == asked and one.category == category])
    ]
    means = [
        Summary(
            category=MEAN,
            shots=asked,
            seeds=seeds,
            figures={
                name: _spread(
                    [
                        _mean(
                            [_value(one, name) for count, one in runs if count == asked and one.seed == seed]
                        )
                        for seed in seeds
                    ]
                )
                for name in FIGURES
            },
        )
        for asked in shots
    ]
    return FolderRuns(rows=tuple(one for _, one in runs), summaries=tuple(summaries), means=tuple(means))


def markdown_table(runs: FolderRuns) -> str:
    """A Markdown table: a row a category and number of shots, and the mean row where there are several categories."""
    several = len({row.category for row in runs.summaries}) > 1
    rows = [
        [
            row.category,
            str(row.shots),
            *(_cell(row.figures[name], 0 if name.startswith("ms") else 3) for name in SHOWN),
        ]
        for row in [*runs.summaries, *(runs.means if several else ())]
    ]
    lines = [markdown_rows(["category", "shots", *SHOWN.values()], rows)]
    seeds = runs.summaries[0].seeds
    if len(seeds) > 1:
        lines += ["", f"mean ± standard deviation over the seeds {', '.join(str(seed) for seed in seeds)}"]
    return "\n".join(lines)


def _value(result: FolderResult, name: str) -> float | None:
    value: float | None = getattr(result, name)
    return value


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _spread(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread(mean=statistics.fmean(known), sd=statistics.stdev(known) if len(known) > 1 else None)


def _cell(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    sd = "" if spread.sd is None else f" ± {spread.sd:.{digits}f}"
    return f"{spread.mean:.{digits}f}{sd}"
