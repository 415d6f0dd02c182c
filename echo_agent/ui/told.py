"""Errors on the page: what a person can act on is told in words."""

from collections.abc import Callable
from typing import Any, TypeVar

from echo_agent.errors import EchoError

Result = TypeVar("Result")


def told(gradio: Any, work: Callable[..., Result], *given: Any, **named: Any) -> Result:
    """Does the work; an error that a person can act on is shown as such."""
    try:
        return work(*given, **named)
    except EchoError as error:
        raise gradio.Error(" ".join(str(error).split()), print_exception=False) from error
