import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.cli.options import number_list


@given(st.lists(st.integers(0, 500), min_size=1, unique=True))
def test_numbers_between_commas_come_back_in_their_order(numbers):
    assert number_list(", ".join(map(str, numbers))) == numbers


def test_a_range_holds_both_ends_and_repeats_are_dropped():
    assert number_list("0-4") == [0, 1, 2, 3, 4]
    assert number_list("7,2-4,3") == [7, 2, 3, 4]


@pytest.mark.parametrize("text", ["", "4,", "a", "4-2", "1-2-3", "-1", "1.5"])
def test_what_is_no_list_of_numbers_is_wrong_usage(text):
    with pytest.raises(typer.BadParameter, match="no number and no range"):
        number_list(text)


def test_a_number_below_the_least_is_wrong_usage():
    with pytest.raises(typer.BadParameter, match="0 is too small: give 1 or more"):
        number_list("4,0", least=1)


@pytest.mark.parametrize(
    "dropped",
    [
        ("feedback", "part.png", "--undo"),
        ("feedback", "--undo", "--product", "plate"),
        ("feedback", "part.png", "--label", "good", "--id", "0123456789ab"),
        ("feedback", "--list", "--label", "good"),
        ("records", "--check", "--csv", "records.csv"),
        ("records", "--check", "--waiting"),
        ("threshold", "plate", "--what-if", "--set", "min_confidence=0.9"),
        ("threshold", "plate", "--what-if", "--max-escape", "0.1"),
        ("threshold", "plate", "--who", "Ada"),
        ("threshold", "plate", "--label", "flush=good"),
        ("calibrate", "--product", "plate", "--limit", "20"),
        ("models", "check", "tiny", "--limit", "20"),
        ("inspect", "part.png", "--out", "run", "--move"),
    ],
)
def test_what_an_option_takes_no_notice_of_is_refused_before_anything_is_done(echo, tmp_path, dropped):
    code, out, err = echo("--memory", tmp_path / "memory", *dropped)
    assert (code, out) == (2, "")
    assert "it goes without" in err or "it belongs to" in err, err
    assert not list(tmp_path.iterdir())
