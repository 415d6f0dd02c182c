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
