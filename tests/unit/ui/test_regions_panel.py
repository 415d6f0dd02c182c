import pytest

from echo_agent.errors import EchoError
from echo_agent.ui.regions_panel import parse_corners


def test_corners_are_read_as_they_are_typed():
    assert parse_corners(" 40 20, 65.5 20;65 45 ,") == ((0.4, 0.2), (0.655, 0.2), (0.65, 0.45))
    assert parse_corners("") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("40 20, 65", "is no corner"),
        ("a b", "is no corner"),
        ("nan 3", "outside the photograph"),
        ("40 101", "outside the photograph"),
        ("1 1," * 301, "300 corners at most"),
    ],
)
def test_what_is_no_corner_is_told(text, told):
    with pytest.raises(EchoError, match=told):
        parse_corners(text)
