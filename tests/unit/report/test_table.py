from io import StringIO

from rich.console import Console

from echo_agent.memory.calibration import guarantee
from echo_agent.memory.product import ProductRecord
from echo_agent.report.table import markdown_rows, plain_table, product_table, verdict_table, version_table
from tests.verdicts import a_reference, a_verdict


def printed(table):
    out = StringIO()
    Console(file=out).print(table, soft_wrap=True)
    return out.getvalue()


def test_a_table_stands_in_columns_and_folds_what_is_too_wide_for_the_terminal():
    rows = [("shots", "4", "how many good parts are compared with"), ("seed", "12", "of the choice")]
    assert plain_table(("name", "value", "meaning"), rows, right=("value",)).splitlines() == [
        "name   value  meaning",
        "shots      4  how many good parts are compared with",
        "seed      12  of the choice",
    ]
    folded = plain_table(("name", "value", "meaning"), rows, width=40).splitlines()
    assert folded[1:3] == ["shots  4      how many good parts are", "              compared with"]


def test_a_markdown_table_keeps_its_cells_apart():
    lines = markdown_rows(("name", "AUROC"), [("a|b\nc", "0.900"), ("", "-")], right=("AUROC",)).splitlines()
    assert lines[1].replace("-", "") == "|:|:|"
    assert [line.count(" | ") for line in lines] == [1, 0, 1, 1]
    assert "a\\|b c" in lines[2]
    assert "0.900" in lines[2]


def test_a_table_without_rows_is_its_head():
    assert plain_table(("name", "value"), []) == "name  value"
    assert markdown_rows(("name", "value"), []).startswith("| name")


def test_labels_are_coloured_in_a_terminal():
    out = StringIO()
    Console(file=out, force_terminal=True, color_system="standard").print(
        verdict_table([("cell.png", a_verdict(), None)])
    )
    assert "\x1b[1;31mdefective\x1b[0m" in out.getvalue()


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


def test_products_and_their_versions_tell_references_that_repeat_each_other():
    images = tuple(a_reference(f"{number}.png").image for number in range(9))
    known = {"name": "mesh", "version": 2, "encoder": "e", "folder": "f", "references": images}
    for groups, told in ((9, " 9 "), (8, " 9, 8 distinct ")):
        record = ProductRecord(
            **known, similarity_floor=0.5, created="2026-11-26T17:00", guarantee=guarantee(groups, 0.1, 9)
        )
        assert told in product_table([record]).splitlines()[1]
        assert told in version_table([record]).splitlines()[1]
