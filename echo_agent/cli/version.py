"""``echo-agent version``: what is installed."""

import platform
from importlib.metadata import version as installed

import typer

app = typer.Typer()

STANDS_ON = ("langgraph", "chromadb", "torch", "transformers", "pillow", "numpy")


@app.command()
def version() -> None:
    """Show the versions of Echo and of what it stands on."""
    typer.echo(
        f"echo-agent {installed('echo-agent')} (Python {platform.python_version()}, {platform.system()})"
    )
    for package in STANDS_ON:
        typer.echo(f"{package} {installed(package)}")
