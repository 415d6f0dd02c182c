"""Knowledge cards with faults of every kind: each is read or told with its line, in time, and never as a trace."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.stress.attack import Attack
from echo_agent.knowledge.loader import SHIPPED_CARDS, check_card, list_cards

MAX_SECONDS = 20.0
"""Time that the reading of one card may take on a busy machine."""

Change = Callable[[bytes, random.Random], bytes]


def _bytes_changed(card: bytes, draw: random.Random) -> bytes:
    changed = bytearray(card)
    for _ in range(draw.randint(1, 20)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(card: bytes, draw: random.Random) -> bytes:
    return card[: draw.randrange(len(card))]


def _lines_moved(card: bytes, draw: random.Random) -> bytes:
    lines = card.splitlines(keepends=True)
    for _ in range(draw.randint(1, 5)):
        first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _indented(card: bytes, draw: random.Random) -> bytes:
    return b"".join(b" " * draw.choice((0, 0, 0, 1, 2, 4)) + line for line in card.splitlines(keepends=True))


def _value_replaced(card: bytes, draw: random.Random) -> bytes:
    lines = card.splitlines()
    with_value = [number for number, line in enumerate(lines) if b": " in line]
    number = draw.choice(with_value)
    key = lines[number].split(b": ", 1)[0]
    return b"\n".join([*lines[:number], key + b": " + draw.choice(VALUES), *lines[number + 1 :]]) + b"\n"


def _line_added(card: bytes, draw: random.Random) -> bytes:
    lines = card.splitlines()
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(LINES))
    return b"\n".join(lines) + b"\n"


VALUES = (
    b"", b"~", b"null", b"[]", b"{}", b"[[1]]", b"{a: {b: c}}", b"-1", b"0", b"1e999", b"-1e999", b".nan", b".inf",
    b"9" * 5000, b"0x" + b"f" * 5000, b"1" * 400 + b" mm", b"0." + b"0" * 400 + b"1 mm", b"2 mm mm", b"true", b"no",
    b"2026-11-26", b"2026-99-99T99:99:99Z", b"12:30:45", b"1_000", b"!!int abc", b"!!int '12'", b"!!binary /w==",
    b"!!timestamp 2026-11-26", b"!!set {a, b}", b"!!python/object/apply:os.system [true]", b"!!float x", b"!local x",
    b"&a [1, 2]", b"*a", b"<<", b'"\\uD800"', b'"\\U00110000"', b'"\\x00"', b'"\\0"', b"'" + b"x" * 20_000 + b"'",
    b"/etc/passwd", b"../../../etc/passwd", b"x" * 300 + b".png", b"[" * 3000, b"{a: " * 3000, b"- " * 3000,
    b"[0, 0, 1, 1]", b"[1, 1, 0, 0]", b"[0, 0, 1e308, 1]", b"[0, 0]", b"[a, b, c, d]", b"|", b">-", b"? a",
    b"{\xe2\x80\xae: \xf0\x9f\x92\xa3}", b"'\xcc\x81'", b"<script>alert(1)</script>", b"{{7*7}}", b"%s%s%n", b"@x",
    b"`x",
)  # fmt: skip
LINES = (
    b"extra: 1", b"product: again", b"<<: {product: other}", b"<<: *base", b"? [a, b]\n: c", b"? {a: b}\n: c", b"---",
    b"...", b"%YAML 9.9", b"%YAML 99999999999999999999999999.1", b"%TAG ! tag:x,2000:", b"\t tab: 1", b"- item", b": x",
    b"zones: &z [*z]", b"a: &a [*a, *a]", b"\x00", b"\xff\xfe", b"'unclosed", b'"unclosed', b"[unclosed", b"{unclosed",
    b"1: 2", b"null: 2", b"true: 2", b"'\\uD800': 2", b'"\\uDC00": 2', b"tolerances: 7", b"schema_version: '1'",
)  # fmt: skip
LAUGHS = b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9) if n else b"lol") for n in range(12)
)
WHOLE = (
    b"", b"\n", b"# only a comment", b"null", b"7", b"text", b"[]", b"- a\n- b", b"\xff" * 100, b"\x00" * 100, LAUGHS,
    b"product: &a [*a]", b"[" * 100_000, b"{" * 100_000, b"- " * 100_000, b"? " * 50_000, b"a: " * 50_000,
    b"x" * 300_000, b"a: 1\n" * 40_000, b"".join(b"k%d: 1\n" % n for n in range(30_000)), b"\xef\xbb\xbfproduct: x",
    "product: x\nnormal: ü".encode("utf-16"), b"\n".join(b" " * n + b"a:" for n in range(600)), b"&a " * 50_000,
    b"defects:\n" + b"".join(b"- {name: d%d, look: x}\n" % n for n in range(9_000)),
    b"schema_version: 1\nproduct: x\nnormal: x\naliases: [" + b"a, " * 80_000 + b"]", b"'" * 200_000, b"#" * 200_000,
    b"a: |\n" + b" x\n" * 80_000, b"!" * 100_000, b"%" * 100_000, b"%YAML 1.1\n---\nproduct: yes", b"*" * 10_000,
)  # fmt: skip
CHANGES: tuple[Change | None, ...] = (
    _bytes_changed, _cut, _lines_moved, _indented, _value_replaced, _value_replaced, _line_added, None,
)  # fmt: skip
"""Changes in turn; None takes the next whole file of ``WHOLE``."""


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Reads changed cards, each kind of fault in turn."""
    draw = random.Random(0)
    cards = [file.read_bytes() for file in list_cards(SHIPPED_CARDS)]
    file = folder / "card.yaml"
    for number in range(attempts):
        change = CHANGES[number % len(CHANGES)]
        whole = WHOLE[number // len(CHANGES) % len(WHOLE)]
        file.write_bytes(whole if change is None else change(draw.choice(cards), draw))
        fault = _fault(file)
        yield None if fault is None else f"card {number}: {fault}"


def _fault(file: Path) -> str | None:
    """What is wrong with how a card is read: a trace, too much time, or nothing told."""
    start = time.process_time()
    try:
        loaded, problems = check_card(file)
    except Exception as error:  # noqa: BLE001 - any trace is what is looked for
        return f"{type(error).__name__}: {error}"[:200]
    seconds = time.process_time() - start
    told = "\n".join(str(problem) for problem in problems)
    if loaded is None and not told:
        return "neither read nor told"
    if any("\ud800" <= letter <= "\udfff" for letter in told):
        return "what is told cannot be printed"
    return (
        f"{seconds:.0f} s, {len(told)} characters told"
        if seconds > MAX_SECONDS or len(told) > 100_000
        else None
    )


ATTACKS = (
    Attack("cards", "mutated knowledge cards, YAML bombs among them", run, short=8 * len(WHOLE), long=1000),
)
