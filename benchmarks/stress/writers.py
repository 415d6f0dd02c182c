"""What writes into a memory: the acts that are attacked, and what must hold afterwards."""

import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.chat.history import open_history
from echo_agent.chat.session import Conversation
from echo_agent.inspector import Inspector
from echo_agent.memory.feedback import remember, undo
from echo_agent.memory.memory import Memory
from echo_agent.state import HumanAnswer
from echo_agent.ui.controller import Controller

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "benchmarks.stress.__main__",
        "benchmarks.stress.writers",
        "chromadb",
        "scipy.ndimage",
        "scipy.stats",
        "torch",
    ]
)

REFERENCES = 4
GOOD_ANSWER = HumanAnswer(action="correct", label="normal", who="Ann", remember=True)

Act = Callable[[Memory], object]


def register(memory: Memory) -> None:
    """Three more references of a product that there is."""
    memory.register("plate", [drawn_part(seed) for seed in range(20, 23)])


def register_another(memory: Memory) -> None:
    """A second product, with its card."""
    card = memory.folder.parent / "card.yaml"
    memory.register("disc", [drawn_part(seed) for seed in range(30, 32)], knowledge=card)


def learn(memory: Memory) -> None:
    """An answer that becomes a reference."""
    remember(memory, "plate", memory.store_image(drawn_part(40)), "review", GOOD_ANSWER)


def take_back(memory: Memory) -> None:
    """The answer that made a reference is taken back."""
    undo(memory)


def chat(memory: Memory) -> None:
    """A photograph and a question, the conversation kept on disk."""
    with open_history(memory.folder) as history:
        talk = Conversation(memory, history, thread="one", product="plate")
        talk.say("Is it ok?", talk.store_image(drawn_part(41, defect=True)))
        talk.say("Where is the defect?")


def page(memory: Memory) -> None:
    """The page inspects a photograph and answers what waits."""
    desk = Controller(Inspector(memory))
    file = memory.folder.parent / "part.png"
    image, verdict = desk.inspect("tab", str(file), "plate")
    desk.correct(image, verdict, "normal", "", "Ann", learn=True)


def remove(memory: Memory) -> None:
    """A product goes."""
    memory.remove("bolt")


ACTS: dict[str, Act] = {
    act.__name__: act for act in (register, register_another, learn, take_back, chat, page, remove)
}


@dataclass(frozen=True)
class State:
    """What a memory says of itself: products with their references, and what people's answers made of them."""

    products: tuple[tuple[str, int, tuple[str, ...]], ...]
    answers: tuple[tuple[str, str | None, bool, bool], ...]


def start(folder: Path) -> Path:
    """Makes the memory that the acts begin with: two products, one answer learnt and one exemplar."""
    memory = open_memory(folder / "start", create=True)
    memory.register("plate", [drawn_part(seed) for seed in range(REFERENCES)])
    memory.register("bolt", [drawn_part(seed) for seed in range(10, 12)])
    remember(
        memory,
        "plate",
        memory.store_image(drawn_part(51, defect=True)),
        "review",
        HumanAnswer(action="correct", label="defective", who="Ann", remember=True),
    )
    remember(memory, "plate", memory.store_image(drawn_part(50)), "review", GOOD_ANSWER)
    drawn_part(42).save(folder / "part.png")
    (folder / "card.yaml").write_text("schema_version: 1\nproduct: disc\nnormal: A plain disc.\n")
    return memory.folder


def state_of(memory: Memory) -> State:
    """Reads the state, and looks at a part with it."""
    for level in (0, 2):
        found = memory.evidence(memory.store_image(drawn_part(60)), "plate", escalation_level=level)
        if found.score is None or not found.references:
            raise AssertionError(f"look {level + 1} finds nothing")
    products = tuple(
        (record.name, record.version, tuple(sorted(image.sha256 for image in record.references)))
        for record in memory.products()
    )
    answers = memory.answers()
    for record in memory.products():
        learnt = {
            said.image.sha256
            for said in answers
            if said.product == record.name and said.learnt == "reference" and said.in_force
        }
        if learnt != set(record.learnt):
            raise AssertionError(
                f"{record.name} has references that no answer taught, or an answer taught none"
            )
    return State(
        products,
        tuple((said.image.sha256, said.learnt, said.in_force, said.undone is not None) for said in answers),
    )


def after_death(folder: Path, allowed: Sequence[State]) -> str | None:
    """What is wrong with a memory whose writer died: None where it is as before or as after, and goes on working."""
    try:
        memory = open_memory(folder)
        found = state_of(memory)
        if found not in allowed:
            return f"it is neither as before nor as after: {found}"
        with open_history(folder) as history:
            Conversation(memory, history, thread="one", product="plate").state()
        memory.register("plate", [drawn_part(70)])
    except Exception as error:  # noqa: BLE001 - whatever is raised is what was looked for
        return f"{type(error).__name__}: {error}"
    return None


def in_process(work: Callable[..., Any], *given: Any) -> Any:
    """Calls a function of a module in a process of its own, and gives what it returns.

    Raises:
        RuntimeError: The process ended without it.
    """
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_send, args=(theirs, work, given))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{work.__name__} ended with {process.exitcode}") from None
    finally:
        process.join()


def _send(theirs: Connection, work: Callable[..., Any], given: Sequence[Any]) -> None:
    theirs.send(work(*given))


def state_after(folder: Path, act: str | None) -> State:
    """Carries an act out, and reads the state."""
    memory = open_memory(folder)
    if act is not None:
        ACTS[act](memory)
    return state_of(open_memory(folder))


def copied(began: Path, name: str) -> Path:
    """A copy of the memory that the acts begin with, with the files beside it."""
    place = began.parent / name
    place.mkdir()
    for file in ("part.png", "card.yaml"):
        shutil.copyfile(began.parent / file, place / file)
    return shutil.copytree(began, place / "memory")
