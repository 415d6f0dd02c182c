"""What the programs share: their options, their errors in one line, how they print, the encoder that they open."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from echo_agent.cli.lazy import OneLineCommand
from echo_agent.cli.options import EncoderOption, JsonOption

__all__ = ["EncoderOption", "JsonOption", "SeedsOption", "ShotsOption", "program", "tell"]

ShotsOption = Annotated[str, typer.Option(help="Numbers of references, with commas.")]
SeedsOption = Annotated[str, typer.Option(help="Seeds that choose them: 0,1 or 0-4.")]


def program(measure: Callable[..., None]) -> typer.Typer:
    """Makes a function a program whose ``EchoError`` is told in one line, with exit code 1."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(cls=OneLineCommand)(measure)
    return app


def tell(found: Any, text: str, as_json: bool) -> None:
    """Prints what was found: value types as JSON on one line, or their text."""
    typer.echo(TypeAdapter(Any).dump_json(found) if as_json else text)
