"""Sixteen conversations at once, each with a mark of its own: none is told of another's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.chat.session import Conversation
from echo_agent.memory.memory import Memory

AT_ONCE = 16
QUESTIONS = ("Which product is it?", "Where is it?", "Why?", "How big is it?", "Is it within tolerance?")


def _mark(number: int) -> str:
    return f"marked-{number:02d}-product"


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Talks on sixteen threads at once; each answer is an attempt."""
    memory = open_memory(folder / "memory", create=True)
    for number in range(AT_ONCE):
        memory.register(_mark(number), [drawn_part(seed) for seed in range(3)])
    history = InMemorySaver()
    tried = 0
    for turn in range(attempts):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            talks = threads.map(lambda number: _talk(memory, history, number, turn), range(AT_ONCE))  # noqa: B023
            for found in talks:
                for failure in found:
                    if tried < attempts:
                        yield failure
                    tried += 1
        if tried >= attempts:
            return


def _talk(memory: Memory, history: InMemorySaver, number: int, turn: int) -> list[str | None]:
    talk = Conversation(memory, history, thread=f"thread-{number}", product=_mark(number))
    part: Image.Image = drawn_part(100 * turn + number, defect=True)
    image = talk.store_image(part)
    said = [talk.say(f"My name is person-{number:02d}.", image)]
    said += [talk.say(question) for question in QUESTIONS]
    verdict = talk.state().verdict
    own = verdict is not None and verdict.product == _mark(number)
    others = {
        mark for other in range(AT_ONCE) if other != number for mark in (_mark(other), f"person-{other:02d}")
    }
    kept = [str(message.text) for message in talk.state().messages]
    mixed = [text for text in (*said, *kept) if any(mark in text for mark in others)]
    whole = (
        f"thread {number}: {mixed[0][:200]}"
        if mixed
        else None
        if own
        else f"thread {number} has another's verdict"
    )
    return [whole, *[None] * len(QUESTIONS)]


ATTACKS = (Attack("chats", "answers in sixteen chats at once, with planted marks", run, short=96, long=1920),)
