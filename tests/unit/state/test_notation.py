import ast
import re
from pathlib import Path

import pytest

from echo_agent.state.notation import amount, at, percent, region_in_words
from tests.verdicts import a_region


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.001, "under 1 %"), (0.5, "50 %"), (0.999, "over 99 %"), (1.0, "100 %")],
)
def test_certainty_is_never_rounded_into_being(share, words):
    assert percent(share) == words


@pytest.mark.parametrize(
    ("value", "unit", "ends", "words"),
    [
        (43.6, "px", (), "44 px"),
        (240, "px2", (200, 280), "240 px2 (200 to 280)"),
        (4.38, "mm", (4.0, 5.123), "4.38 mm (4 to 5.12)"),
        (0.04567, "mm2", (), "0.0457 mm2"),
        (12345.6, "mm2", (), "12346 mm2"),
        (2.5, "%", (2.5, 2.5), "2.5 %"),
        (3, "count", (1, 3), "3 (1 to 3)"),
    ],
)
def test_a_measurement_has_its_unit_its_ends_and_the_digits_that_count(value, unit, ends, words):
    assert amount(value, unit, *ends) == words


def test_a_region_is_told_with_place_length_area_and_peak():
    told = "R1 at the top centre: 44 px long, 240 px2 (200 to 280) in area, peak 3.2 x the most in good parts"
    assert region_in_words(a_region()) == told
    assert at("centre") == "in the centre"


def test_a_share_has_the_digits_that_are_wanted_and_is_never_rounded_into_certainty():
    assert percent(0.0765, 1) == "7.6 %"
    assert (percent(0.0004, 1), percent(0.9996, 1)) == ("under 0.1 %", "over 99.9 %")


STRAY = re.compile(r"\d%|[\d}] ?(?:mm|px)[²^]|\bpixels?\^2|\d(?:px|mm)2?\b")
"""Notations of shares, lengths and areas that ``echo_agent.state.notation`` does not write."""

ROOT = Path(__file__).parents[3]
SOURCES = [*ROOT.glob("echo_agent/**/*.py"), *ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("graphs/*.py")]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md")]


def test_no_text_of_the_program_writes_a_share_or_a_size_in_another_way():
    assert {str(file): found for file in SOURCES if (found := _stray_in(file))} == {}


def test_no_page_writes_a_share_or_a_size_in_another_way():
    prose = {file.name: re.sub(r"```.*?```|`[^`]*`", "", file.read_text(), flags=re.DOTALL) for file in PAGES}
    assert {name: found for name, text in prose.items() if (found := STRAY.findall(text))} == {}


def _stray_in(file):
    stray = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
            stray += [
                spec
                for part in node.format_spec.values
                if (spec := str(getattr(part, "value", ""))).endswith("%")
            ]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            stray += STRAY.findall(node.value)
    return stray
