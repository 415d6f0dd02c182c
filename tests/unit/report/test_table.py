from io import StringIO

from rich.console import Console

from echo_agent.report.table import verdict_table
from tests.verdicts import a_verdict


def printed(table):
    out = StringIO()
    Console(file=out, width=120).print(table)
    return out.getvalue()


def test_a_row_tells_verdict_numbers_place_and_truth():
    text = printed(verdict_table([("cell.png", a_verdict(), "defective")]))
    for words in ("cell.png", "defective", "93 %", "3.10", "1.40", "0.048", "top centre", "truth"):
        assert words in text


def test_there_is_no_column_for_a_truth_that_nobody_knows():
    assert "truth" not in printed(verdict_table([("cell.png", a_verdict("normal"), None)]))


def test_names_are_shown_as_they_are():
    assert "[red]x[/red].png" in printed(verdict_table([("[red]x[/red].png", a_verdict(), None)]))


def test_what_was_not_measured_is_a_dash():
    text = printed(
        verdict_table([("x.png", a_verdict("review", score=None, threshold=None, p_value=None), None)])
    )
    assert "None" not in text
    assert text.count(" - ") >= 2
