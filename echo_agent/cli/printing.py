"""The one place where the commands print text: what steers a terminal, as in a file's name, is printed as its code."""

import logging

import typer

from echo_agent.names import printable


def say(text: object, *, err: bool = False) -> None:
    """Prints a text and the end of its line, on standard output, or on stderr where it is no result."""
    typer.echo(printable(str(text)), err=err)


class PrintableLog(logging.Formatter):
    """A warning as it is logged to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns its text."""
        return printable(super().format(record))
