"""``echo-agent config`` and ``version``: the settings, what they may be and how each is set; what is installed."""

import json
import platform
from importlib.metadata import version as installed
from typing import Any

import typer

from echo_agent import __version__
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, JsonOption, MemoryOption
from echo_agent.cli.printing import say
from echo_agent.context import Context
from echo_agent.observing import hide_secrets
from echo_agent.settings import Settings, process_settings

app = typer.Typer()
version_app = typer.Typer()

STANDS_ON = ("langgraph", "chromadb", "torch", "transformers", "pillow", "numpy")


@app.command()
def config(memory: MemoryOption = MEMORY_OF_THE_SETTINGS, as_json: JsonOption = False) -> None:
    """Show the settings in force."""
    settings = process_settings().model_copy(update={"memory": memory})
    run = Context.model_json_schema()["properties"]
    if as_json:
        say(json.dumps({**_shown(settings), "run": run}))
        return
    from rich.console import Console

    from echo_agent.report.table import plain_table

    console = Console()
    process = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        process.append(
            (
                f"ECHO_{name.upper()}",
                "-" if value is None else hide_secrets(str(value)),
                field.description or "",
            )
        )
    console.print("Of the process: set by the environment or in .env", style="bold")
    say(plain_table(("variable", "value", "meaning"), process, width=console.width))
    fields = [
        (name, _default(schema), allowed(schema), schema["description"]) for name, schema in run.items()
    ]
    console.print("\nOf one run: Context in Python, in Studio, or an option of the command", style="bold")
    say(plain_table(("field", "default", "may be", "meaning"), fields, width=console.width))


def _shown(settings: Settings) -> dict[str, Any]:
    values = settings.model_dump(mode="json")
    return {name: hide_secrets(value) if isinstance(value, str) else value for name, value in values.items()}


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    if isinstance(value, list):
        return ", ".join(value)
    return "-" if value is None else str(value)


def allowed(schema: dict[str, Any]) -> str:
    """Returns what a field of a JSON schema may be, in words: its choices, its limits or its type."""
    choices = schema.get("enum") or schema.get("items", {}).get("enum")
    if choices:
        return ", ".join(choices)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if (low, high, above, below) != (None, None, None, None):
        least = f"from {low}" if low is not None else f"above {above}"
        return f"{least} {f'to {high}' if high is not None else f'and below {below}'}"
    return "true, false" if schema.get("type") == "boolean" else "text"


@version_app.command()
def version() -> None:
    """Show the versions of Echo and of what it stands on."""
    say(f"echo-agent {__version__} (Python {platform.python_version()}, {platform.system()})")
    for package in STANDS_ON:
        say(f"{package} {installed(package)}")
