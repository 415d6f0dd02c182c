"""Tools that a model may call while it reasons, over plain text: any model that writes JSON can use them."""

from typing import Any, Protocol

from pydantic import Field, ValidationError

from echo_agent.json_text import parse_json
from echo_agent.state import ImageRef, Value

UNREADABLE = "unreadable"
"""Name of a request whose form is broken; no tool has it."""


class ToolRequest(Value):
    """What a model asks for."""

    tool: str = Field(max_length=50)
    arguments: dict[str, Any] = Field(default_factory=dict)


class ToolResult(Value):
    """What it gets: words, and images with a heading each."""

    text: str
    images: tuple[tuple[str, ImageRef], ...] = ()


class Toolbox(Protocol):
    """Tools over the evidence of one inspection."""

    def manual(self) -> str:
        """Tells which tools there are, with their arguments, a line each."""
        ...

    def call(self, request: ToolRequest) -> ToolResult:
        """Carries a request out; one that cannot be is answered with what is wrong with it, never with an error."""
        ...


def read_request(text: str) -> ToolRequest | None:
    """Reads the request of a tool from a model's answer.

    Args:
        text: The answer, with or without words or a code fence around its JSON object.

    Returns:
        The request, named ``UNREADABLE`` where its form is broken; None where the answer is no request.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        said = parse_json(text[start : end + 1]) if 0 <= start < end else None
    except ValueError:
        return None
    if not isinstance(said, dict) or "tool" not in said:
        return None
    try:
        return ToolRequest.model_validate(said)
    except ValidationError:
        return ToolRequest(tool=UNREADABLE)
