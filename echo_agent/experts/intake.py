"""Intake: takes the image and the question in, and clears what an earlier turn of the thread left."""

from typing import Any

from echo_agent.answers.question import split_options
from echo_agent.errors import ImageError
from echo_agent.resources import Resources
from echo_agent.state import State, VerdictEffect


def intake(state: State, resources: Resources) -> dict[str, Any]:
    """Starts an inspection afresh: no evidence, no attempt and no verdict of an earlier one is left.

    Options that stand in the question's text become options to choose from.

    Raises:
        ImageError: There is no image in the state.
    """
    if state.image is None:
        raise ImageError("no image was given: put an ImageRef into the state, or use Inspector.inspect")
    return {
        "question": split_options(state.question) if state.question is not None else None,
        "escalation_level": 0,
        "reference": None,
        "knowledge": None,
        "effect": VerdictEffect(),
        "route": None,
        "trace": None,
        "attempts": (),
        "human": None,
        "verdict": None,
        "timings": {},
    }
