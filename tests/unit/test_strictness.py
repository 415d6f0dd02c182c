"""Which of several words on how strict Echo shall be counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.context import Context
from echo_agent.errors import SettingsError
from echo_agent.strictness import Strictness, StrictnessSettings, resolved

PLACES = ("call", "product", "card", "environment")
RATES = st.none() | st.floats(0.001, 0.999)
SETTINGS = st.builds(
    StrictnessSettings,
    max_false_reject=RATES,
    max_escape=RATES,
    min_confidence=st.none() | st.floats(0.5, 1),
)


@given(st.fixed_dictionaries(dict.fromkeys(PLACES, SETTINGS)))
def test_each_setting_is_that_of_the_strongest_place_that_gives_it(places):
    found = resolved(**places)
    for name in StrictnessSettings.model_fields:
        given_by = [place for place in PLACES if getattr(places[place], name) is not None]
        if given_by:
            assert getattr(found, name) == getattr(places[given_by[0]], name)
            assert getattr(found, f"{name}_from") == given_by[0]
        else:
            assert getattr(found, name) == getattr(Strictness(), name)
            assert getattr(found, f"{name}_from") == "default"


@given(SETTINGS)
def test_what_is_said_in_words_is_what_is_kept(settings):
    words = [f"{name} = {value!r}" for name, value in settings.said().items()]
    assert StrictnessSettings().changed(words, ()) == settings
    assert settings.changed((), list(StrictnessSettings.model_fields)) == StrictnessSettings()


@pytest.mark.parametrize("written", ["0.6", "0,6", "60 %", "60%", " 0.6 "])
def test_a_share_is_read_as_people_write_it(written):
    assert StrictnessSettings().changed([f"min_confidence={written}"], ()).min_confidence == 0.6


def test_a_studio_form_shows_a_number_that_may_be_left_out():
    shown = Context.model_json_schema()["properties"]
    for name in StrictnessSettings.model_fields:
        assert shown[name]["type"] == "number"
        assert Context(**{name: None}) == Context()
    assert shown["min_confidence"]["minimum"] == 0.5


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("max_false_rejects=0.1", "did you mean max_false_reject"),
        ("colour=red", "it is one of max_false_reject, max_escape, min_confidence"),
        ("max_escape=2", "max_escape cannot be.* such as max_escape=0.05"),
        ("min_confidence=", "min_confidence cannot be ''"),
        ("min_confidence=0.3", "greater than or equal to 0.5"),
    ],
)
def test_a_slip_of_the_pen_is_told(said, message):
    with pytest.raises(SettingsError, match=message):
        StrictnessSettings().changed([said], ())
