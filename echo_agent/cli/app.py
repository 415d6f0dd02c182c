"""The command line's entry: which commands there are, and the options that all share."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from echo_agent import __version__
from echo_agent.cli.lazy import LazyCommand, LazyGroup
from echo_agent.cli.printing import PrintableLog, say


class EchoCommands(LazyGroup):
    """All commands. A new one is one line here and one module with a ``typer.Typer`` named ``app``."""

    lazy_commands: ClassVar = {
        "register": LazyCommand(
            "echo_agent.cli.register", "Show Echo photographs of good parts of a product."
        ),
        "inspect": LazyCommand("echo_agent.cli.inspect", "Judge photographs: normal, defective or review."),
        "export": LazyCommand(
            "echo_agent.cli.export", "Write a run's tables: one row a part, one row a region."
        ),
        "report": LazyCommand(
            "echo_agent.cli.report",
            "Write a run's report: one HTML page with figures, table, pictures and evidence.",
        ),
        "chat": LazyCommand(
            "echo_agent.cli.chat", "Talk about a part: where, how big, why, within tolerance."
        ),
        "ui": LazyCommand("echo_agent.cli.ui", "Open the page for the line in a browser."),
        "serve": LazyCommand("echo_agent.cli.serve", "Inspect over HTTP, for machines at the line."),
        "feedback": LazyCommand(
            "echo_agent.cli.feedback", "Say what a part really was; list or take back what was said."
        ),
        "records": LazyCommand(
            "echo_agent.cli.records", "List what was inspected, and what waits for a person."
        ),
        "show": LazyCommand("echo_agent.cli.show", "Show an inspection with all that it rests on."),
        "replay": LazyCommand(
            "echo_agent.cli.show:replay_app",
            "Make an inspection again: the same verdict, or what has changed.",
        ),
        "bundle": LazyCommand(
            "echo_agent.cli.bundle", "Write a product into one file, to carry to another machine."
        ),
        "unbundle": LazyCommand(
            "echo_agent.cli.bundle:unbundle_app",
            "Put a product that was carried here into the memory: the same verdicts as there.",
        ),
        "publish": LazyCommand(
            "echo_agent.cli.publish",
            "Publish the memory at a shared place: machines that have it as ECHO_MEMORY inspect with a copy of it.",
        ),
        "products": LazyCommand(
            "echo_agent.cli.products", "List the registered products and their versions, or go back to one."
        ),
        "doctor": LazyCommand(
            "echo_agent.cli.doctor", "Find what of a memory is damaged, say what is lost, and mend it."
        ),
        "threshold": LazyCommand(
            "echo_agent.cli.threshold",
            "Show what a product's references allow and a threshold costs; set how strict it is.",
        ),
        "knowledge": LazyCommand("echo_agent.cli.knowledge", "Check, start and import knowledge cards."),
        "models": LazyCommand("echo_agent.cli.models", "List the Decision Makers, or check a model."),
        "calibrate": LazyCommand(
            "echo_agent.cli.calibrate",
            "Fit a model's confidence on labelled photographs, or on references alone.",
        ),
        "evaluate": LazyCommand("echo_agent.cli.evaluate", "Measure Echo on labelled images."),
        "demo": LazyCommand("echo_agent.cli.demo", "See Echo judge real solar cells."),
        "config": LazyCommand("echo_agent.cli.config", "Show the settings in force."),
        "version": LazyCommand(
            "echo_agent.cli.config:version_app", "Show the versions of Echo and of what it stands on."
        ),
    }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Says where the benchmarks went; else resolves the command."""
        if args[0] == "benchmark" or args[:2] in (["evaluate", "areas"], ["evaluate", "counts"]):
            name = args[1].replace("-", "_") if len(args) > 1 and not args[1].startswith("-") else "NAME"
            say(
                "echo-agent: the benchmarks stand beside the package, in a checkout of Echo: "
                f"python -m benchmarks.{name}",
                err=True,
            )
            raise typer.Exit(2)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=EchoCommands,
    name="echo-agent",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"echo-agent {__version__}")
        raise typer.Exit


@app.callback()
def shared(
    ctx: typer.Context,
    memory: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the memory (default: ECHO_MEMORY, else ./echo-memory).", file_okay=False
        ),
    ] = None,
    log_json: Annotated[
        bool,
        typer.Option(
            "--log-json",
            envvar="ECHO_LOG_JSON",
            help="Log to stderr as JSON: a line a step of each inspection.",
        ),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Echo looks at parts: normal, defective or "a person should look", with the evidence."""
    from echo_agent.settings import process_settings

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableLog())
    process_settings()
    ctx.obj = memory
    if log_json:
        from echo_agent.observing import log_as_json

        log_as_json()


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 an error (one line on stderr), 2 wrong usage.

    Standard streams that are closed lead nowhere, so that no file that is opened takes their place.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    try:
        try:
            app()
        finally:
            sys.stdout.flush() if sys.stdout is not None else None
    except OSError as error:
        # What Python has still buffered it would write again at the end, and fail with a trace of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        what = f"{error.filename}: {error.strerror}"
        if error.filename is None:
            what = f"standard output cannot be written ({error.strerror}): make room, or write elsewhere"
        say(f"echo-agent: {what}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
