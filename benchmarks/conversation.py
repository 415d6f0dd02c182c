"""What a long conversation costs, its file and its turns: ``python -m benchmarks.conversation``."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from pydantic import Field

from benchmarks.program import JsonOption, program, tell
from echo_agent.chat.history import FILE_NAME, open_history
from echo_agent.chat.session import Conversation
from echo_agent.cli.options import MEMORY_OF_THE_SETTINGS, MemoryOption
from echo_agent.context import Context
from echo_agent.images.decoding import load_image
from echo_agent.memory.memory import Memory
from echo_agent.resources import open_memory
from echo_agent.state import Value

TURNS = 20
QUESTIONS = ("Where is it?", "How big is it?", "Where is it?")
"""What is asked between two photographs; turn 2 and turn 20 ask the same."""

ImageArgument = Annotated[Path, typer.Argument(metavar="IMAGE", help="A photograph of the product.")]
ProductOption = Annotated[str | None, typer.Option(help="Product that it shows (default: found out).")]

PIXELS = 480 * 360
"""Pixels of a photograph, which is sent as a BMP of 518 kB."""


class ConversationCost(Value):
    """What a thread of 20 turns with 5 photographs cost; times are medians over the rounds."""

    turns: int
    photographs: int
    photograph_bytes: int = Field(description="Size of each photograph.")
    database_bytes: int = Field(description="Size of the conversations' file, with its write-ahead log.")
    second_turn: float = Field(description="Seconds of turn 2.")
    last_turn: float = Field(description="Seconds of turn 20, which asks the same.")


def photographs_of_half_a_megabyte(photograph: Image.Image, folder: Path) -> list[Path]:
    """Writes the photographs of a conversation: one scaled to 518 kB as a BMP, each with a noise of its own.

    Args:
        photograph: A photograph of the product.
        folder: Where they are written.

    Returns:
        Their files, one for every fourth turn.
    """
    scale = (PIXELS / (photograph.width * photograph.height)) ** 0.5
    size = (round(photograph.width * scale), round(photograph.height * scale))
    pixels = np.asarray(photograph.convert("RGB").resize(size), dtype=np.int16)
    files = []
    for number in range(TURNS // 4):
        noise = np.random.default_rng(number).integers(-1, 2, pixels.shape)
        files.append(folder / f"{number}.bmp")
        Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(files[-1])
    return files


def measure_conversation(
    memory: Memory,
    photograph: Image.Image,
    product: str | None,
    *,
    context: Context | None = None,
    rounds: int = 5,
) -> ConversationCost:
    """Talks for 20 turns, as ``echo-agent chat`` does, with a photograph every fourth turn.

    Args:
        memory: The memory.
        photograph: A photograph of the product.
        product: The product; found out where not given.
        context: Settings of the runs.
        rounds: Threads that are talked through.
    """
    seconds: list[list[float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = photographs_of_half_a_megabyte(photograph, folder)
        with open_history(folder) as history:
            for number in range(rounds):
                talk = Conversation(memory, history, thread=str(number), context=context, product=product)
                seconds.append([_turn(talk, turn, files) for turn in range(TURNS)])
        size = sum(file.stat().st_size for file in folder.glob(f"{FILE_NAME}*"))
        return ConversationCost(
            turns=TURNS,
            photographs=len(files),
            photograph_bytes=files[0].stat().st_size,
            database_bytes=size // rounds,
            second_turn=median(turns[1] for turns in seconds),
            last_turn=median(turns[-1] for turns in seconds),
        )


def _turn(talk: Conversation, turn: int, files: list[Path]) -> float:
    started = time.perf_counter()
    if turn % 4 == 0:
        talk.say("Is it ok?", talk.store_image(files[turn // 4]))
    else:
        talk.say(QUESTIONS[turn % 4 - 1])
    return time.perf_counter() - started


def conversation(
    image: ImageArgument,
    product: ProductOption = None,
    rounds: Annotated[int, typer.Option(min=1, help="Threads that are talked through.")] = 5,
    memory: MemoryOption = MEMORY_OF_THE_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """A thread of 20 turns with 5 photographs of 500 kB, as ``echo-agent chat`` keeps it."""
    cost = measure_conversation(open_memory(memory), load_image(image), product, rounds=rounds)
    text = (
        f"{cost.turns} turns with {cost.photographs} photographs of {cost.photograph_bytes / 1e3:.0f} kB: "
        f"{cost.database_bytes / 2**20:.2f} MiB on disk\n{turns_told(cost.second_turn, cost.last_turn)}"
    )
    tell(cost, text, as_json)


def turns_told(second: float, last: float) -> str:
    """The seconds of turn 2 and of the last turn, in words."""
    return f"turn 2: {second * 1e3:.0f} ms, turn {TURNS}: {last * 1e3:.0f} ms ({last / second:.2f} x)"


app = program(conversation)

if __name__ == "__main__":
    app()
