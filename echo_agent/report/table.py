"""Tables as text, for a terminal and for Markdown; the tables of verdicts and of products."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.color import ColorSystem
from rich.style import Style
from rich.text import Text
from tabulate import tabulate

from echo_agent.report.cards import card_in_words
from echo_agent.state import Label, Verdict
from echo_agent.state.notation import percent, settings_in_words, sure

if TYPE_CHECKING:
    from echo_agent.memory.answers import Feedback
    from echo_agent.memory.inspections import InspectionRecord
    from echo_agent.memory.product import ProductRecord

STYLES: dict[Label, str] = {"normal": "green", "defective": "bold red", "review": "yellow"}

MIN_FOLDED = 24
"""Characters that the last column of a table keeps, however narrow the terminal is."""


def plain_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[str] = (),
    width: int | None = None,
) -> str:
    """Writes a table for a terminal: columns two spaces apart, no lines.

    Args:
        head: Names of the columns.
        rows: Cells as they are shown.
        right: Columns that stand to the right: numbers.
        width: Characters a line may have; the last column is folded to fit. None folds nothing.

    Returns:
        Lines without a final newline and without spaces at their ends.
    """
    cells = [list(head), *map(list, rows)]
    folded: list[int | None] = [None] * len(head)
    if width is not None:
        before = sum(max(map(len, column)) + 2 for column in list(zip(*cells, strict=True))[:-1])
        folded[-1] = max(MIN_FOLDED, width - before)
    # The head goes in as a row: tabulate makes columns with a head of their own wider than they need to be.
    written = tabulate(
        cells, tablefmt="plain", disable_numparse=True, colalign=_sides(head, right), maxcolwidths=folded
    )
    return "\n".join(line.rstrip() for line in written.splitlines())


def markdown_rows(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> str:
    """Writes a table in Markdown.

    Args:
        head: Names of the columns.
        rows: Cells as they are shown; a bar in one is escaped, a line break becomes a space.
        right: Columns that stand to the right: numbers.

    Returns:
        Lines without a final newline.
    """
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    return tabulate(
        cells,
        headers=head,
        tablefmt="pipe",
        disable_numparse=True,
        colalign=_sides(head, right) if cells else None,
    )


def _sides(head: Sequence[str], right: Iterable[str]) -> list[str]:
    numbers = set(right)
    return ["right" if name in numbers else "left" for name in head]


def verdict_table(rows: Sequence[tuple[str, Verdict, str | None]]) -> Text:
    """Makes a table of verdicts, their labels in colour.

    Args:
        rows: Name, verdict and truth (None where it is not known) of each photograph.

    Returns:
        A table with a column for the truth where at least one is known.
    """
    with_truth = any(truth is not None for _, _, truth in rows)
    numbers = ("sure", "score", "threshold", "p-value")
    head = ["image", "verdict", *numbers, "where", *(["truth"] if with_truth else [])]
    cells = [
        [
            name,
            _coloured(verdict.label),
            sure(verdict),
            _number(verdict.score),
            _number(verdict.threshold),
            _number(verdict.p_value, places=3),
            _where(verdict),
            *([truth or "-"] if with_truth else []),
        ]
        for name, verdict, truth in rows
    ]
    return Text.from_ansi(plain_table(head, cells, right=numbers))


def product_table(records: Sequence["ProductRecord"]) -> str:
    """Makes a table of registered products, each with the false-reject rate that its references allow."""
    numbers = ("references", "false rejects", "at most (95 %)", "version")
    strict = any(record.strictness.said() for record in records)
    cells = [
        [
            record.name,
            _references(record),
            _share(record.guarantee.expected_false_reject),
            _share(record.guarantee.bound_95),
            str(record.version),
            record.encoders,
            card_in_words(record),
            record.created[:10],
            *([settings_in_words(record.strictness)] if strict else []),
        ]
        for record in records
    ]
    head = [
        "product",
        *numbers,
        "encoders",
        "knowledge card",
        "registered",
        *(["own settings"] if strict else []),
    ]
    return plain_table(head, cells, right=numbers)


def _references(record: "ProductRecord") -> str:
    """How many references there are, and how many of them count where some repeat others."""
    count, distinct = len(record.references), record.guarantee.normals
    return str(count) if record.guarantee.photographs is None else f"{count}, {distinct} distinct"


def version_table(versions: Sequence["ProductRecord"]) -> str:
    """Makes a table of a product's versions, each with what made it and what of it people's answers taught."""
    numbers = ("version", "references", "learnt", "false rejects")
    cells = [
        [
            str(record.version),
            _references(record),
            str(len(record.learnt)),
            _share(record.guarantee.expected_false_reject),
            record.created[:16].replace("T", " "),
            record.origin,
        ]
        for record in versions
    ]
    return plain_table([*numbers, "made", "by"], cells, right=numbers)


def record_table(records: Sequence[tuple["InspectionRecord", "Feedback | None"]]) -> str:
    """Makes a table of inspections, each with what a person said of that photograph last."""
    head = ("when (UTC)", "product", "verdict", "sure", "score", "a person", "photograph")
    cells = [
        [
            record.when[:16].replace("T", " "),
            record.verdict.product or "unknown",
            record.verdict.label,
            sure(record.verdict),
            _number(record.verdict.score),
            "-" if said is None else ", ".join(filter(None, (said.label, said.answer.who))),
            record.called,
        ]
        for record, said in records
    ]
    return plain_table(head, cells, right=("sure", "score"))


def answer_table(said: Sequence["Feedback"]) -> str:
    """Makes a table of people's answers, each with what the memory makes of it now."""
    head = ("id", "product", "is", "type", "Echo said", "memory", "who", "when", "photograph")
    cells = [
        [
            one.id,
            one.product or "unknown",
            one.label,
            one.answer.defect_type or "-",
            one.proposed,
            _in_memory(one),
            one.answer.who or "-",
            one.answer.when[:16].replace("T", " "),
            one.name or Path(one.image.uri).name,
        ]
        for one in said
    ]
    return plain_table(head, cells)


def _in_memory(said: "Feedback") -> str:
    """What the memory makes of an answer."""
    if said.undone is not None:
        return "taken back"
    if said.learnt is None:
        return "-"
    return said.learnt if said.in_force else f"{said.learnt}, not in force"


def _coloured(label: Label) -> str:
    return Style.parse(STYLES[label]).render(label, color_system=ColorSystem.STANDARD)


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
