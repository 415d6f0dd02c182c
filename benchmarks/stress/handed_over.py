"""Runs and bundles that another person hands over, with faults and on purpose: read, or told in one sentence.

What they name elsewhere is neither opened nor written.
"""

import hashlib
import io
import json
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from benchmarks.stress.attack import Attack
from benchmarks.stress.mmad import VALUES
from benchmarks.stress.parts import drawn_part, open_memory
from echo_agent.context import Context
from echo_agent.errors import EchoError
from echo_agent.inspector import Inspector
from echo_agent.memory.bundle import MANIFEST, read_bundle, write_bundle
from echo_agent.memory.database import FILE_NAME
from echo_agent.memory.doctor import examine
from echo_agent.memory.mending import repair
from echo_agent.runs.export import export_run
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.line import Line
from echo_agent.runs.record import RUN, VERDICTS, RunSettings
from echo_agent.runs.report import report_of_run

SECRET = b"echo-secret-7731"
OUT = (
    "../../secret.txt", "/etc/hostname", "..", "references/../../../x", "\x00", "pictures/out", "=cmd|' /C calc'!A0",
    1e308, 10**400, -(2**70), "1e999", "not a time", "x" * 40_000, "\u202e\x1b[2J",
)  # fmt: skip
LINES = (
    b"[" * 100_000, b"null", b'{"label": NaN}', b"\xff\xfe", b'{"part": "\\ud800"}', b'{"score": 1e999}', b"7" * 5_000,
)  # fmt: skip
FORMATS = ("csv", "csv-semicolon", "xlsx", "parquet")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Containers with their keys, of all values of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, below in inner for place in ((value, key), *_places(below))]


def _changed(document: Any, draw: random.Random) -> Any:
    for _ in range(draw.randint(1, 3)):
        container, key = draw.choice(_places(document))
        container[key] = deepcopy(draw.choice((*VALUES, *OUT)))
    return document


def _told(work: Callable[[], object]) -> str | None:
    """What is wrong with how something that was handed over is read."""
    try:
        work()
    except EchoError as error:
        str(error).encode()
        return f"no one sentence: {error}" if "\n" in str(error) else None
    except Exception as error:  # noqa: BLE001 - any trace is what is looked for
        return f"{type(error).__name__}: {error}"[:300]
    return None


def _outside(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if "handed" not in file.parts}


def _whole_run(folder: Path) -> Inspector:
    """A run of two parts in ``folder/run``; gives the inspector that judged them."""
    inspector = Inspector(open_memory(folder / "memory", create=True))
    inspector.register("plate", [drawn_part(seed) for seed in range(4)])
    run = RunFolder(folder / "run", RunSettings(memory="m", encoder="e", part_id="p", context=Context()))
    (folder / "run" / "pictures").mkdir()
    for number in (1, 2):
        name = f"pictures/{number}.jpg"
        drawn_part(number, defect=True).save(folder / "run" / name)
        verdict = inspector.inspect(folder / "run" / name, product="plate")
        when, image = "2026-01-01T00:00:00+00:00", str(folder / "run" / name)
        line = Line(number=number, image=image, part=f"part {number}", when=when, verdict=verdict)
        seen = {"photograph": name, "map": name, "sha256": f"{number:064x}", "width": 128, "height": 96}
        run.add(line.model_copy(update=seen))
    run.save({"drift": []})
    run.close()
    return inspector


def runs(folder: Path, attempts: int) -> Iterator[str | None]:
    """Makes the report and the tables of a run that was changed."""
    _whole_run(folder)
    (folder / "secret.txt").write_bytes(SECRET)
    lines = (folder / "run" / VERDICTS).read_bytes().splitlines()
    record = (folder / "run" / RUN).read_text(encoding="utf-8")
    draw, before = random.Random(0), _outside(folder)
    for number in range(attempts):
        handed = shutil.copytree(folder / "run", folder / "handed")
        (handed / "pictures" / "out").symlink_to(folder / "secret.txt")
        changed = json.dumps(_changed(json.loads(lines[0]), draw)).encode()
        given = LINES[number % len(LINES)] if number % 5 == 4 else changed
        copies = 220 if number % 20 == 0 else 1  # the pictures of a large run lie beside its page
        (handed / VERDICTS).write_bytes(b"".join(line + b"\n" for line in [given, lines[1]] * copies))
        if number % 3 == 0:
            (handed / RUN).write_text(json.dumps(_changed(json.loads(record), draw)), encoding="utf-8")
        failed = _told(lambda handed=handed: report_of_run(handed))  # type: ignore[misc]
        for kind in FORMATS:
            failed = failed or _told(lambda handed=handed, kind=kind: export_run(handed, kind))  # type: ignore[misc]
        page = handed / "report.html"
        if page.exists() and b"ZWNoby1zZWNyZXQtNzczM" in page.read_bytes():
            failed = "the report holds a file from elsewhere"
        if left := _outside(folder) - before:
            failed = f"{min(left)} was written"
        shutil.rmtree(handed)
        yield None if failed is None else f"run {number}: {failed}"


def _files(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as source:
        return {name: source.read(name) for name in source.namelist()}


def _sql(statement: str) -> Callable[[dict[str, bytes], Path], None]:
    def change(files: dict[str, bytes], place: Path) -> None:
        place.write_bytes(files[FILE_NAME])
        connection = sqlite3.connect(place)
        connection.executescript(statement)
        connection.close()
        files[FILE_NAME] = place.read_bytes()
        place.unlink()

    return change


def _named(name: str) -> Callable[[dict[str, bytes], Path], None]:
    def change(files: dict[str, bytes], _: Path) -> None:
        files[name] = b"evil"

    return change


NAMES = (
    "../evil", "/tmp/echo-evil", "images/../../evil", "C:\\evil", "knowledge/..", "x.py", ".lock", "products/.lock",
    "images/" + "a/" * 2_000 + "b", "images/\u202e",
)  # fmt: skip
STATEMENTS = (
    "CREATE TRIGGER t AFTER INSERT ON inspection BEGIN DELETE FROM answer; END",
    "ALTER TABLE photograph RENAME TO p; CREATE VIEW photograph AS WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL "
    "SELECT i + 1 FROM r) SELECT '' AS sha256, '' AS file, i AS width, 1 AS height, x'' AS embedding FROM r",
    "ALTER TABLE inspection ADD COLUMN big GENERATED ALWAYS AS (zeroblob(1000000000))",
    "UPDATE inspection SET sha256 = '../../secret*'",
    "UPDATE inspection SET record = replace(record, 'memory:images', 'memory:images/../..')",
    "UPDATE inspection SET record = replace(record, 'memory:images', 'memory:images/\\u002e\\u002e/..')",
    "UPDATE inspection SET record = '[[[['",
    "UPDATE inspection SET record = x'ff'",
    "UPDATE version SET files = '{'",
    "UPDATE version SET record = '{}'",
    "UPDATE version SET record = replace(record, 'products/', 'products/../../')",
    "UPDATE version SET card = '../../../etc/passwd'",
    "UPDATE photograph SET file = '../../secret.txt'",
    "UPDATE photograph SET width = -1",
    "UPDATE photograph SET embedding = 'text'",
    "DELETE FROM version",
    "UPDATE product SET name = '../evil'",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 1",
)
WAYS = (*map(_named, NAMES), *map(_sql, STATEMENTS))


def bundles(folder: Path, attempts: int) -> Iterator[str | None]:
    """Takes over a bundle that was made by another hand, lets the doctor mend the memory, and bundles it again."""
    inspector = _whole_run(folder)
    (folder / "secret.txt").write_bytes(SECRET)
    own = folder / "own.echo"
    write_bundle(inspector.memory._database, "plate", own)
    whole, draw, before = _files(own), random.Random(0), _outside(folder)
    for number in range(attempts):
        handed = folder / "handed"
        handed.mkdir()
        data = _forged(dict(whole), number, draw, handed)
        (handed / "forged.echo").write_bytes(data)
        failed = _told(lambda handed=handed: _taken_over(handed))  # type: ignore[misc]
        if left := _outside(folder) - before:
            failed = f"{min(left)} was written"
        elif not (folder / "secret.txt").exists():
            failed = "a file outside was moved"
        elif any(SECRET in file.read_bytes() for file in handed.rglob("*") if file.is_file()):
            failed = "a file from elsewhere was taken along"
        shutil.rmtree(handed)
        yield None if failed is None else f"bundle {number}: {failed}"


def _forged(files: dict[str, bytes], number: int, draw: random.Random, place: Path) -> bytes:
    """A bundle whose digests fit what was forged."""
    manifest = json.loads(files.pop(MANIFEST))
    compression = zipfile.ZIP_STORED
    kind = number % (len(WAYS) + 4)
    if kind < len(WAYS):
        WAYS[kind](files, place / "part.sqlite3")
    elif kind == len(WAYS):
        files["images/bomb.png"], compression = bytes(200_000_000), zipfile.ZIP_DEFLATED
    elif kind == len(WAYS) + 1:
        manifest = _changed(manifest, draw)
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    if kind == len(WAYS) + 2:
        manifest = _changed(manifest, draw)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for name, data in files.items():
            archive.writestr(name, data)
    written = bytearray(stream.getvalue())
    if kind == len(WAYS) + 3:
        for _ in range(draw.randint(1, 30)):
            written[draw.randrange(len(written))] = draw.randrange(256)
    return bytes(written)


def _taken_over(handed: Path) -> None:
    place = handed / "memory"
    read_bundle(handed / "forged.echo", place)
    memory = open_memory(place)
    for record in memory.inspections.newest():
        record.called.encode()
    memory.inspections.check()
    examine(place)
    repair(place, lambda: open_memory(place))
    for product in open_memory(place).products():
        write_bundle(memory._database, product.name, handed / "again.echo")


ATTACKS = (
    Attack("runs", "a run's folder from another hand: its report and tables", runs, short=40, long=1000),
    Attack(
        "bundles",
        "a bundle from another hand, taken over, mended, bundled again",
        bundles,
        short=36,
        long=500,
    ),
)
