"""Every kind of stored file damaged in eight ways: told in a sentence, mended by the doctor, never believed."""

import shutil
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.stress.attack import Attack
from benchmarks.stress.parts import drawn_part, open_memory
from benchmarks.stress.writers import ACTS, PROCESSES, chat, copied, in_process, start
from echo_agent.chat.history import open_history
from echo_agent.chat.session import Conversation
from echo_agent.errors import EchoError
from echo_agent.inspector import Inspector
from echo_agent.memory.doctor import examine
from echo_agent.memory.mending import repair
from echo_agent.ui.controller import Controller

MAX_SECONDS = 300.0

MAX_ALIKE = 3
"""Files of one kind that are damaged, such as photographs or banks."""

Damage = Callable[[Path, Path], object]


def _flipped(file: Path, _: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


def _a_folder(file: Path, _: Path) -> None:
    file.unlink()
    file.mkdir()


def _unreadable(file: Path, _: Path) -> None:
    """A link to itself: not even root can read it."""
    file.unlink()
    file.symlink_to(file.name)


WAYS: dict[str, Damage] = {
    "empty": lambda file, _: file.write_bytes(b""),
    "cut": lambda file, _: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "flipped": _flipped,
    "gone": lambda file, _: file.unlink(),
    "a folder": _a_folder,
    "no UTF-8": lambda file, _: file.write_bytes(b"\xff\xfe\xfd" * 400),
    "another's": lambda file, other: shutil.copyfile(other, file),
    "unreadable": _unreadable,
}


def prepare(folder: Path) -> None:
    """A memory with every kind of file: products, a card, answers, what waits, maps, a conversation."""
    place = start(folder)
    memory = open_memory(place)
    ACTS["register_another"](memory)
    chat(memory)
    desk = Controller(Inspector(memory))
    for seed in (60, 61):
        drawn_part(seed, defect=True).save(folder / "part.png")
        desk.inspect("tab", str(folder / "part.png"), "plate")
    for name in ("plate", "disc"):
        memory.evidence(memory.store_image(drawn_part(62)), name, escalation_level=2)
    memory._database.close()


def used(folder: Path) -> str | None:
    """Uses all of a memory: gives None where it works, an ``EchoError``'s sentence, or what went wrong."""
    try:
        desk = Controller(Inspector(open_memory(folder)))
        for name in ("plate", "disc"):
            image = desk.inspector.memory.store_image(drawn_part(63))
            verdict = desk.inspector.inspect(image, product=name)
            if verdict.label == "review" and any(
                reason.kind == "unknown product" for reason in verdict.reasons
            ):
                return f"wrong: {name} is unknown"
            desk.picture(image, verdict, 0.5)
        with open_history(folder) as history:
            Conversation(desk.inspector.memory, history, thread="one", product="plate").say("Where is it?")
        for record in desk.waiting():
            desk.picture(record.image, record.verdict, 0.5)
    except EchoError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever else is raised is a trace that a user would see
        return f"wrong: {type(error).__name__}: {error}"
    return None


def mended(folder: Path) -> str | None:
    """Lets the doctor mend a memory; gives what is wrong with it afterwards."""
    try:
        repair(folder, lambda: open_memory(folder))
        left = [str(one) for one in examine(folder) if one.kind != "row"]
    except Exception as error:  # noqa: BLE001 - as above
        return f"the doctor fails: {type(error).__name__}: {error}"
    if left:
        return f"the doctor leaves {left[0]}"
    after = used(folder)
    return None if after is None else f"after mending: {after}"


def damage(folder: Path, attempts: int) -> Iterator[str | None]:
    """Damages one file in one way, in a copy of the same memory each time; spread over all where fewer are wanted."""
    in_process(prepare, folder)
    began = folder / "start"
    alike: dict[tuple[str, str], list[Path]] = {}
    for file in sorted(file.relative_to(began) for file in began.rglob("*") if file.is_file()):
        of_one_kind = file.suffix if file.parts[0] in {"images", "maps"} else file.name
        alike.setdefault((file.parts[0], of_one_kind), []).append(file)
    files = [file for kind in alike.values() for file in kind[:MAX_ALIKE] if file.name != ".lock"]
    tries = [(file, way) for file in files for way in WAYS]
    step = max(1, len(tries) // attempts)
    for number, (file, way) in enumerate(tries[::step]):
        place = copied(began, f"damaged-{number}")
        WAYS[way](place / file, _another(place / file, place))
        failed = _within(used, place)
        if failed is not None and not failed.startswith("wrong: "):
            failed = None if "echo-agent doctor" in failed and "\n" not in failed else f"no remedy: {failed}"
        failed = failed or _within(mended, place)
        yield None if failed is None else f"{file} {way}: {failed}"
        shutil.rmtree(place.parent)


def _another(file: Path, memory: Path) -> Path:
    """Another file, of the same kind where there is one."""
    others = [other for other in sorted(memory.rglob("*")) if other.is_file() and other != file]
    alike = [
        other for other in others if other.suffix == file.suffix and other.parts[-2:-1] != file.parts[-2:-1]
    ]
    beside = [other for other in others if other.suffix == file.suffix]
    return (alike or beside or others)[0]


def _within(work: Callable[[Path], str | None], place: Path) -> str | None:
    """What a function says in a process of its own, which is ended where it hangs."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_say, args=(theirs, work, place))
    process.start()
    theirs.close()
    said = None
    if not ours.poll(MAX_SECONDS):
        said = f"wrong: it hangs for {MAX_SECONDS:.0f} s"
    else:
        try:
            said = ours.recv()
        except EOFError:
            said = "wrong: the process dies"
    process.kill()
    process.join()
    return said


def _say(
    theirs: Connection,
    work: Callable[[Path], str | None],
    place: Path,
) -> None:
    theirs.send(work(place))


ATTACKS = (
    Attack(
        "damage",
        "every kind of stored file of a memory, damaged in eight ways",
        damage,
        short=10,
        long=10_000,
    ),
)
