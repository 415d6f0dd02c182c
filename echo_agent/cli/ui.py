"""``echo-agent ui``: the page for the line."""

from typing import Annotated

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    AllowedHostOption,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MemoryOption,
    MinConfidenceOption,
    MllmOption,
    PasswordOption,
    allowed_hosts,
    is_this_machine,
)
from echo_agent.cli.printing import say
from echo_agent.errors import EchoError

app = typer.Typer()


@app.command()
def ui(
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine need a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
    password: PasswordOption = None,
    allowed_host: AllowedHostOption = None,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    mllm: MllmOption = None,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Open the page for the line in a browser."""
    from echo_agent.context import Context
    from echo_agent.inspector import Inspector
    from echo_agent.ui.controller import Controller
    from echo_agent.ui.serving import serve

    if not password and not is_this_machine(host):
        raise EchoError(
            f"{host} can be reached by others: give a password by ECHO_UI_PASSWORD, or listen at 127.0.0.1"
        )
    names = allowed_hosts(host, allowed_host)
    context = Context(max_false_reject=max_false_reject, max_escape=max_escape, min_confidence=min_confidence)
    controller = Controller(Inspector.open(memory, mllm=mllm, context=context))
    say(f"Echo is at http://{host}:{port} (Ctrl-C ends it).")
    serve(controller, host=host, port=port, password=password, allowed_hosts=names, open_browser=browser)
