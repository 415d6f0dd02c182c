"""``echo-agent chat``: a conversation about parts on the terminal."""

from pathlib import Path
from typing import Annotated

import typer

from echo_agent.cli.options import (
    MEMORY_OF_THE_SETTINGS,
    MaxEscapeOption,
    MaxFalseRejectOption,
    MemoryOption,
    MinConfidenceOption,
    MllmOption,
    RecordOption,
)

app = typer.Typer()


@app.command()
def chat(
    image: Annotated[Path | None, typer.Argument(metavar="[IMAGE]", help="Photograph to begin with.")] = None,
    product: Annotated[
        str | None, typer.Option(help="Product that the photographs show (default: found out).")
    ] = None,
    thread: Annotated[
        str, typer.Option(help="Name of the conversation; one that is there goes on.")
    ] = "default",
    mllm: MllmOption = None,
    max_false_reject: MaxFalseRejectOption = None,
    max_escape: MaxEscapeOption = None,
    min_confidence: MinConfidenceOption = None,
    record: RecordOption = True,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
) -> None:
    """Talk about a part: where, how big, why, within tolerance.

    The conversation is kept in the memory's folder and goes on where it stopped, also after a crash.
    """
    from rich.console import Console

    from echo_agent.chat.history import open_history
    from echo_agent.chat.session import Conversation
    from echo_agent.cli.chat_commands import Terminal
    from echo_agent.context import Context
    from echo_agent.resources import open_memory

    opened = open_memory(memory)
    if product is not None:
        opened.product(product)
    context = Context(
        mllm=mllm,
        record=record,
        max_false_reject=max_false_reject,
        max_escape=max_escape,
        min_confidence=min_confidence,
    )
    with open_history(opened.folder) as history:
        conversation = Conversation(opened, history, thread=thread, context=context, product=product)
        Terminal(conversation, Console()).run(image)
