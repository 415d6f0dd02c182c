"""``echo-agent serve``: inspections over HTTP."""

from typing import Annotated

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    AllowedHostOption,
    KeysOption,
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
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine need a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    keys: KeysOption = None,
    rate: Annotated[int, typer.Option(min=1, help="Requests a minute of one key or address.")] = 600,
    page: Annotated[
        bool, typer.Option("--page", help="Show the page for the line under /ui as well.")
    ] = False,
    password: PasswordOption = None,
    allowed_host: AllowedHostOption = None,
    mllm: MllmOption = None,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Inspect over HTTP, for machines at the line.

    Photographs in, verdicts out; /docs tells how, beside it are /metrics and health checks.
    """
    from echo_agent.context import Context
    from echo_agent.inspector import Inspector
    from echo_agent.serve.serving import build, run
    from echo_agent.ui.access import said_hosts

    known = [key.strip() for key in (keys or "").split(",") if key.strip()]
    local = is_this_machine(host)
    if not local and not known:
        raise EchoError(
            f"{host} can be reached by others: give a key by ECHO_SERVE_KEYS, or listen at 127.0.0.1"
        )
    if not local and page and not password:
        raise EchoError(f"{host} can be reached by others: give the page a password by ECHO_UI_PASSWORD")
    names = said_hosts(host, allowed_hosts(host, allowed_host) if page else allowed_host or [])
    context = Context(max_false_reject=max_false_reject, max_escape=max_escape, min_confidence=min_confidence)
    service = build(
        Inspector.open(memory, mllm=mllm, context=context),
        keys=known,
        per_minute=rate,
        hosts=names,
        page=page,
        password=password,
    )
    say(f"Echo is at http://{host}:{port}, told about at /docs (Ctrl-C ends it).")
    run(service, host, port)
