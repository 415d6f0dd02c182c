import json

import pytest
from pydantic import ValidationError

from echo_agent.context import Context
from echo_agent.state import HumanAnswer, State, Verdict
from tests.verdicts import a_reference, a_verdict


@pytest.mark.parametrize("label", ["normal", "defective", "review"])
def test_a_verdict_is_one_line_of_json_and_comes_back(label):
    verdict = a_verdict(label, references=(a_reference("/a\nb.png"),), reasons=("line\nbreak", "“quoted”"))
    line = verdict.model_dump_json()
    assert "\n" not in line
    assert json.loads(line)["label"] == label
    assert Verdict.model_validate_json(line) == verdict


@pytest.mark.parametrize(
    "changes",
    [{"label": "fine"}, {"confidence": 1.1}, {"confidence": -0.1}, {"p_value": 2.0}, {"colour": "red"}],
)
def test_a_verdict_takes_nothing_else(changes):
    with pytest.raises(ValidationError):
        Verdict.model_validate({**a_verdict().model_dump(), **changes})


def test_values_are_frozen():
    for value, field in ((a_verdict(), "label"), (Context(), "shots"), (HumanAnswer(action="accept"), "who")):
        with pytest.raises(ValidationError):
            setattr(value, field, getattr(value, field))


def test_the_state_takes_no_unknown_field():
    with pytest.raises(ValidationError):
        State(picture="x")
