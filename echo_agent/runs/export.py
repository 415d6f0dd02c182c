"""A run's tables as files: CSV, Parquet and Excel."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from echo_agent.errors import MissingExtraError, ReportError
from echo_agent.files import replacing
from echo_agent.runs.tables import TABLES, Cell, Column, Row, Table

MAX_EXCEL_ROWS = 1_048_576
MAX_EXCEL_TEXT = 32_767
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would take for a formula."""


def export_run(run: Path, kind: str, file: Path | None = None) -> tuple[Path, ...]:
    """Writes the tables of a run.

    Args:
        run: The run's folder; it may still be written.
        kind: ``csv``, ``csv-semicolon``, ``parquet`` or ``xlsx``.
        file: Where the parts go, the regions beside it under a name that ends in ``-regions``; into the run's folder
            where not given.

    Returns:
        The files that were written.

    Raises:
        RunError: The run cannot be read.
        ReportError: The file cannot be written, or is too small for what the run holds.
        MissingExtraError: What writes the format is not installed.
    """
    target = file or run / f"parts.{kind.partition('-')[0]}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "xlsx":
            _write_excel(run, target)
            return (target,)
        files = (target, target.with_name(f"{target.stem}-regions{target.suffix}"))
        for table, place in zip(TABLES, files, strict=True):
            with replacing(place) as stream:
                WRITERS[kind](table, run, stream)
    except OSError as error:
        raise ReportError(f"{target} cannot be written ({error.strerror}): name another file") from error
    except (OverflowError, ValueError) as error:
        raise ReportError(f"a value in {run} does not fit into a table: {error}") from error
    return files


def _write_csv(table: Table, run: Path, stream: BinaryIO) -> None:
    """Writes a table as RFC 4180 has it: commas, points, UTF-8."""
    _write_rows(table, run, stream, ",", str)


def _write_semicolons(table: Table, run: Path, stream: BinaryIO) -> None:
    """Writes a table as a spreadsheet with German settings opens it: semicolons, decimal commas, UTF-8 with a mark."""
    stream.write("\ufeff".encode())
    _write_rows(table, run, stream, ";", lambda number: str(number).replace(".", ","))


def _write_rows(
    table: Table, run: Path, stream: BinaryIO, delimiter: str, decimal: Callable[[float], str]
) -> None:
    lines = csv.writer(_Encoded(stream), delimiter=delimiter)
    lines.writerow([column.name for column in table.columns])
    for row in table.rows(run):
        lines.writerow([_text(row[column.name], decimal) for column in table.columns])


class _Encoded:
    """What ``csv`` writes, encoded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text.encode())


def _text(cell: Cell, decimal: Callable[[float], str]) -> str:
    """Writes a cell."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return decimal(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds")
    return no_formula(cell) if isinstance(cell, str) else str(cell)


def no_formula(text: str) -> str:
    """A text for a table; one that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _write_parquet(table: Table, run: Path, stream: BinaryIO) -> None:
    """Writes a table with typed columns, some thousand rows at a time."""
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise MissingExtraError("pyarrow", "tables") from error
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
    kinds[datetime] = arrow.timestamp("ms", tz="UTC")
    schema = arrow.schema([(column.name, kinds[column.kind]) for column in table.columns])
    with ParquetWriter(stream, schema) as writer:
        for rows in _in_thousands(table.rows(run)):
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))


def _in_thousands(rows: Iterator[Row]) -> Iterator[list[Row]]:
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) == 10_000:
            yield some
            some = []
    if some:
        yield some


def _write_excel(run: Path, target: Path) -> None:
    """Writes a workbook with typed cells, which Excel shows by its own settings; what the columns mean at the end."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError("xlsxwriter", "tables") from error
    fresh = target.with_name(f".{target.stem}.unfinished.xlsx")
    try:
        with xlsxwriter.Workbook(fresh, {"constant_memory": True}) as book:
            styles = {
                datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
                float: book.add_format({"num_format": "0.000"}),
                "head": book.add_format({"bold": True}),
            }
            for table in TABLES:
                _write_sheet(book, table, run, styles)
            meanings = book.add_worksheet("columns")
            for number, (table, column) in enumerate((t, c) for t in TABLES for c in t.columns):
                meanings.write_row(number, 0, [table.name, column.name, column.meaning])
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)


def _write_sheet(book: Any, table: Table, run: Path, styles: Mapping[Any, Any]) -> None:
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(column))
        sheet.write_string(0, place, column.name, styles["head"])
    last = 0
    for last, row in enumerate(table.rows(run), start=1):
        if last >= MAX_EXCEL_ROWS:
            raise ReportError(f"a sheet has {MAX_EXCEL_ROWS:,} rows at most: export {run} as parquet or csv")
        for place, column in enumerate(table.columns):
            cell = row[column.name]
            if cell is None:
                continue
            if column.kind is datetime and isinstance(cell, datetime):
                sheet.write_datetime(last, place, cell.replace(tzinfo=None), styles[datetime])
            elif column.kind is str:
                sheet.write_string(last, place, str(cell)[:MAX_EXCEL_TEXT])
            else:
                sheet.write_number(last, place, cell, styles.get(column.kind))
    sheet.autofilter(0, 0, last, len(table.columns) - 1)


def _width(column: Column) -> int:
    return {"image": 40, "part": 24, "reason": 60, "when": 20, "error": 40}.get(column.name, 12)


WRITERS: dict[str, Callable[[Table, Path, BinaryIO], None]] = {
    "csv": _write_csv,
    "csv-semicolon": _write_semicolons,
    "parquet": _write_parquet,
}
"""What writes one table, by format; a workbook holds all tables."""
