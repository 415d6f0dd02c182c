"""Mends what the doctor found: what can be made anew is, what is lost goes aside, so that the memory works again."""

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from filelock import FileLock

from echo_agent.errors import ImageError
from echo_agent.images.stored import read_stored
from echo_agent.memory import drafts
from echo_agent.memory.answers import now
from echo_agent.memory.chain import let_go
from echo_agent.memory.database import FILE_NAME, Database
from echo_agent.memory.doctor import Finding, examine, leftovers
from echo_agent.memory.drafts import Draft
from echo_agent.memory.memory import Memory
from echo_agent.memory.product import ProductRecord
from echo_agent.memory.version_record import read_version_records
from echo_agent.memory.versions import add_version, forget_lost_versions, forget_unusable_embeddings
from echo_agent.state import ImageRef

PREFIX = "damaged-"
"""Begins the name of the folder below the memory in which damaged parts are put aside."""


def repair(folder: Path, open_memory: Callable[[], Memory]) -> list[Finding]:
    """Mends a memory.

    Args:
        folder: Its folder, as an absolute path.
        open_memory: Opens it, with its encoder.

    Returns:
        What was found; nothing of it is left where the doctor finds nothing afterwards.

    Raises:
        StoreError: There is no memory, or it cannot be written.
        EncoderError: References are to be fitted anew, and the encoder cannot be loaded.
    """
    aside = folder / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%S}"
    found = examine(folder)
    if any(one.kind == "database" for one in found):
        with FileLock(folder / ".lock"):
            _make_database(folder, aside)
        found += [one for one in examine(folder) if one not in found]
    _mend_entries(folder, aside, found)
    concerned = {name for one in found if one.kind != "embedding" for name in one.products}
    if concerned or any(one.kind in {"embedding", "database"} for one in found):
        _mend_products(open_memory(), sorted(concerned), found)
    _forget_lost(folder, {Path(one.name).stem for one in found if one.kind == "photograph"})
    for one in found:
        if one.kind in {"photograph", "row", "knowledge", "file"}:
            _put_aside(folder / (_whole(one.name) if one.kind == "knowledge" else one.name), folder, aside)
        elif one.kind == "map":
            _remove(folder / one.name)
    if any(one.kind == "leftover" for one in found):
        _remove_leftovers(folder)
    return found


def _make_database(folder: Path, aside: Path) -> None:
    """Puts the database aside, and makes a catalog of the newest version of each product."""
    for file in sorted(folder.glob(f"{FILE_NAME}*")):
        _put_aside(file, folder, aside)
    found = read_version_records(folder)
    if not found:
        return
    generation = max(int(one.record.key.rpartition("-")[2]) for one in found)
    database = Database(folder)
    with database.writing() as connection:
        connection.execute(
            "INSERT INTO memory (one, encoder, encoder_name, generation) VALUES (1, ?, ?, ?)",
            (found[0].record.encoder, found[0].encoder_name, generation),
        )
        for one in found:
            add_version(connection, folder, one.record, embeddings=None, files={}, answers={})
    database.close()


def _mend_entries(folder: Path, aside: Path, found: Sequence[Finding]) -> None:
    entries = [one.name.split(" ", 1) for one in found if one.kind == "entry"]
    damaged_vectors = any(one.kind == "embedding" for one in found)
    if not entries and not damaged_vectors:
        return
    database = Database(folder)
    with database.writing() as connection:
        for table, name in entries:
            row = connection.execute(f"SELECT * FROM {table} WHERE id = ?", (name,)).fetchone()
            aside.mkdir(parents=True, exist_ok=True)
            with (aside / f"{table}.txt").open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(f"{row!r}\n")
            connection.execute(f"DELETE FROM {table} WHERE id = ?", (name,))
        let_go(connection, {name for _, name in entries})
        if damaged_vectors:
            forget_unusable_embeddings(connection)
    database.close()


def _mend_products(memory: Memory, names: Sequence[str], found: Sequence[Finding]) -> None:
    """Makes a version of each product of what is left of it; one without references goes."""
    for name in names:
        left = [image for image in memory.product(name).references if _is_there(image)]
        if not left:
            memory.remove(name)
            continue
        without_card = any(one.kind == "knowledge" and name in one.products for one in found)
        digests = {image.sha256 for image in left}
        memory.change(name, partial(_left, digests=digests, without_card=without_card))


def _forget_lost(folder: Path, lost: set[str]) -> None:
    """Forgets earlier versions and confirmed defects whose photographs are lost."""
    if not lost:
        return
    database = Database(folder)
    with database.writing() as connection:
        forget_lost_versions(connection, lost)
        for digest in lost:
            connection.execute(
                "UPDATE answer SET forgotten = ? WHERE sha256 = ? AND learnt = 'exemplar' AND forgotten IS NULL",
                (now(), digest),
            )
        connection.execute("UPDATE memory SET generation = generation + 1")
    database.close()


def _remove_leftovers(folder: Path) -> None:
    """Removes what killed writers left; one that is still at work is waited for, and keeps what it names."""
    database = Database(folder)
    with FileLock(folder / ".lock"), database.reading() as connection:
        for path in leftovers(connection, folder):
            _remove(path)
    database.close()


def _left(base: ProductRecord, answers: drafts.Answers, digests: set[str], without_card: bool) -> Draft:
    return Draft(
        references=tuple(image for image in base.references if image.sha256 in digests),
        origin="mended by the doctor",
        answers={digest: answer for digest, answer in answers.items() if digest in digests},
        card=None if without_card else base.card,
        depth=base.depth,
    )


def _is_there(image: ImageRef) -> bool:
    try:
        read_stored(image)
    except ImageError:
        return False
    return True


def _whole(name: str) -> str:
    """The folder of a set of domain knowledge, which is kept whole or not at all."""
    return "/".join(Path(name).parts[:2])


def _put_aside(file: Path, folder: Path, aside: Path) -> None:
    if not file.is_relative_to(folder) or not (file.exists() or file.is_symlink()):
        return
    target = aside / file.relative_to(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)


def _remove(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
