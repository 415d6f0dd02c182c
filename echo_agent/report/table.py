"""Tables for the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from echo_agent.report.words import percent
from echo_agent.state import Label, Verdict

if TYPE_CHECKING:
    from echo_agent.memory.product import ProductRecord

STYLES: dict[Label, str] = {"normal": "green", "defective": "bold red", "review": "yellow"}


def verdict_table(rows: Sequence[tuple[str, Verdict, str | None]]) -> Table:
    """Makes a table of verdicts.

    Args:
        rows: Name, verdict and truth (None where it is not known) of each photograph.

    Returns:
        A table with a column for the truth where at least one is known.
    """
    with_truth = any(truth is not None for _, _, truth in rows)
    table = Table("image", "verdict", box=None, pad_edge=False)
    for column in ("sure", "score", "threshold", "p-value"):
        table.add_column(column, justify="right")
    table.add_column("where")
    if with_truth:
        table.add_column("truth")
    for name, verdict, truth in rows:
        cells = [
            Text(name),
            Text(verdict.label, style=STYLES[verdict.label]),
            Text(percent(verdict.confidence)),
            Text(_number(verdict.score)),
            Text(_number(verdict.threshold)),
            Text(_number(verdict.p_value, places=3)),
            Text(_where(verdict)),
        ]
        table.add_row(*cells, *([Text(truth or "-")] if with_truth else []))
    return table


def product_table(records: Sequence["ProductRecord"]) -> Table:
    """Makes a table of registered products, each with the false-reject rate that its references allow."""
    table = Table("product", box=None, pad_edge=False)
    table.add_column("references", justify="right")
    for column in ("false rejects", "at most (95 %)", "version"):
        table.add_column(column, justify="right")
    for column in ("encoder", "knowledge card", "registered"):
        table.add_column(column)
    for record in records:
        table.add_row(
            Text(record.name),
            str(len(record.references)),
            _share(record.guarantee.expected_false_reject),
            _share(record.guarantee.bound_95),
            str(record.version),
            Text(record.encoder),
            Text(record.card or "-"),
            record.created[:10],
        )
    return table


def _where(verdict: Verdict) -> str:
    """Returns the place of the most suspicious region and how many more there are."""
    if not verdict.regions:
        return "-"
    more = len(verdict.regions) - 1
    return verdict.regions[0].place + (f" +{more}" if more else "")


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _number(value: float | None, places: int = 2) -> str:
    return "-" if value is None else f"{value:.{places}f}"
