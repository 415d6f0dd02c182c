"""A command group whose commands are imported when they are called, so that ``--help`` stays fast."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from echo_agent.cli.printing import say
from echo_agent.errors import EchoError
from echo_agent.names import printable


@dataclass(frozen=True)
class LazyCommand:
    """A command by name of its module.

    Attributes:
        module: Module with a ``typer.Typer`` named ``app``, or as after ``:``; one function makes a command, several a
            group.
        help: The line that ``echo-agent --help`` shows.
    """

    module: str
    help: str


class LazyGroup(TyperGroup):
    """Group that imports a command's module only to run it, and tells an ``EchoError`` in one line.

    A subclass names its commands in ``lazy_commands``, in the order in which ``--help`` lists them.
    """

    lazy_commands: ClassVar[Mapping[str, LazyCommand]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the names of all commands."""
        return [*self.lazy_commands, *(name for name in self.commands if name not in self.lazy_commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns the command, or only its help line while its module has not been imported."""
        if cmd_name in self.commands or cmd_name not in self.lazy_commands:
            return super().get_command(ctx, cmd_name)
        return TyperCommand(cmd_name, help=self.lazy_commands[cmd_name].help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Imports the command that ``args`` begin with, then resolves it."""
        name = args[0]
        if name in self.lazy_commands and name not in self.commands:
            module, _, app = self.lazy_commands[name].module.partition(":")
            command = getattr(import_module(module), app or "app")
            self.add_command(typer.main.get_command(command), name)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; see ``telling_errors``."""
        with telling_errors():
            return super().invoke(ctx)


class OneLineCommand(TyperCommand):
    """A command on its own that tells an ``EchoError`` in one line."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; see ``telling_errors``."""
        with telling_errors():
            return super().invoke(ctx)


@contextmanager
def telling_errors() -> Iterator[None]:
    """Ends the program with exit code 1, after an ``EchoError`` was told in one line on stderr."""
    try:
        yield
    except EchoError as error:
        say(f"echo-agent: {one_line(error)}", err=True)
        raise typer.Exit(1) from error


def one_line(error: EchoError) -> str:
    """Returns the error's message on one line, as it may be printed."""
    return printable(" ".join(str(error).split()))
