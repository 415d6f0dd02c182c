"""Question files of MMAD with faults of every kind: each is read, or told in one sentence."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.stress.attack import Attack
from echo_agent.errors import DatasetError
from echo_agent.evaluation.mmad_dataset import read_mmad, sample

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, "", "a", "\x00", "../../x", "/etc/passwd", [], {}, [[]], [None], {"a": None},
    ["a"] * 1000,
    {"A": 1}, {"A": None}, {"": ""}, {"A": "x", "a": "y"}, {"A." * 50: "x"}, "x" * 100_000, "<b>", "\u202e",
)  # fmt: skip
WHOLE = (
    b"", b"null", b"[]", b"{}", b"7", b'"text"', b"{", b"[" * 100_000, b'{"a":' * 100_000,
    b"\xff\xfe", b"\xef\xbb\xbf{}",
    b'{"D/p/x.png": {"conversation": [], "similar_templates": "abc"}}', b'{"D/p/x.png": ' + b"9" * 5000 + b"}",
    b'{"D/p/x.png": NaN}', b'{"D/p/x.png": {"conversation": Infinity}}', b'{"D/p/\\ud800.png": {"conversation": []}}',
    b'{"D/p/x.png": {"conversation": [{"Question": "\\udc00", "Answer": "A", "Options": {"A": "x"}, "type": "t"}]}}',
    b'{"": {"conversation": []}}', b'{"D": {}}', b'{"../p/x.png": {}}', b'{"/D/p/x.png": {}}',
    b'{"D/p/x\\u0000.png": {}}',
)  # fmt: skip


def _file(draw: random.Random) -> dict[str, Any]:
    letters = "ABCD"
    return {
        f"DS-{number % 3}/plate/{draw.choice(('good', 'dent'))}/{number}.png": {
            "similar_templates": [f"DS-{number % 3}/plate/train/{near}.png" for near in range(4)],
            "random_templates": [f"DS-{number % 3}/plate/train/{near}.png" for near in range(4)],
            "conversation": [
                {
                    "Question": f"Question {turn}?",
                    "Answer": draw.choice(letters),
                    "Options": {letter: f"option {letter}" for letter in letters},
                    "type": draw.choice(("Anomaly Detection", "Defect Classification")),
                    "annotation": True,
                }
                for turn in range(3)
            ],
        }
        for number in range(6)
    }


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Containers with their keys, of all values of a document."""
    inner = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value) if isinstance(value, list) else ())
    )
    return [(value, key) for key, _ in inner] + [place for _, below in inner for place in _places(below)]


def _value_replaced(file: dict[str, Any], draw: random.Random) -> bytes:
    container, key = draw.choice(_places(file))
    container[key] = draw.choice(VALUES)
    return json.dumps(file).encode()


def _value_removed(file: dict[str, Any], draw: random.Random) -> bytes:
    container, key = draw.choice(_places(file))
    del container[key]
    return json.dumps(file).encode()


def _bytes_changed(file: dict[str, Any], draw: random.Random) -> bytes:
    changed = bytearray(json.dumps(file).encode())
    for _ in range(draw.randint(1, 10)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(file: dict[str, Any], draw: random.Random) -> bytes:
    data = json.dumps(file).encode()
    return data[: draw.randrange(len(data))]


def _path_replaced(file: dict[str, Any], draw: random.Random) -> bytes:
    file[str(draw.choice(VALUES))[:300]] = file.pop(draw.choice(list(file)))
    return json.dumps(file).encode()


Change = Callable[[dict[str, Any], random.Random], bytes]
CHANGES: tuple[Change, ...] = (_value_replaced, _value_removed, _bytes_changed, _cut, _path_replaced)


def run(folder: Path, attempts: int) -> Iterator[str | None]:
    """Reads changed question files, then draws a sample of what was read."""
    draw = random.Random(0)
    for number in range(attempts):
        change = CHANGES[number % len(CHANGES)]
        given = WHOLE[number] if number < len(WHOLE) else change(_file(draw), draw)
        (folder / "mmad.json").write_bytes(given)
        failure = None
        try:
            for image in sample(read_mmad(folder), 5, seed=0):
                f"{image.dataset} {image.product} {image.path}".encode()
        except DatasetError as error:
            str(error).encode()
        except Exception as error:  # noqa: BLE001 - any trace is what is looked for
            failure = f"mmad.json {number}: {type(error).__name__}: {error}"[:300]
        yield failure


ATTACKS = (Attack("mmad", "mutated mmad.json", run, short=150, long=1000),)
