"""YAML 1.2 read together with the line on which each value stands."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

YamlPath = tuple[str | int, ...]

MAX_BYTES = 256 * 1024
"""Largest file that is read; the cards that come with Echo have 6 KiB at most."""

MAX_DEPTH = 12
"""Lists and mappings in each other at most; a card needs 5."""

MAX_VALUES = 20_000
"""Values of a document at most."""

CORE = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
)
"""Plain scalars that are no text (YAML 1.2.2, section 10.3.2): tag, pattern, first characters."""

OLDER = re.compile(
    r"yes|no|on|off|y|n|[-+]?\.(inf|nan)|[-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?|[-+]?[0-9]+(_[0-9_]*)+(\.[0-9_]*)?|0b[01_]+",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 took for truth values or numbers, and .inf: whoever writes them may mean either."""


class CoreLoader(yaml.SafeLoader):
    """Composes nodes by YAML 1.2's core schema: ``010`` is ten, and ``yes`` is text.

    What lets a small file stand for a large one, or for an object, is refused: anchors, aliases and tags.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    depth = 0
    values = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Composes the next node, within the bounds of depth and number."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        self.values += 1
        refused = None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            refused = "anchors (&) and aliases (*) are not read: write the value out, or put it in quotes"
        elif getattr(event, "tag", None) is not None:
            refused = f"the tag {event.tag[:40]!r} is not read: leave it out, or put the value in quotes"
        elif self.depth > MAX_DEPTH:
            refused = f"more than {MAX_DEPTH} lists and mappings stand in each other: write it flatter"
        elif self.values > MAX_VALUES:
            refused = f"there are more than {MAX_VALUES} values: cut the file into several"
        if refused is not None:
            raise yaml.composer.ComposerError(None, None, refused, event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


for _tag, _pattern, _first in CORE:
    CoreLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), [*_first, ""])


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file, and on which line.

    Attributes:
        file: The file.
        line: Line, from 1.
        message: What is wrong and what to do, in plain words.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class YamlDocument:
    """A document with the lines of its values.

    Attributes:
        data: The document as Python values.
        lines: Line (from 1) of each value; a mapping's entry is found on the line of its key.
        problems: What is wrong with the YAML itself: it does not parse, or a key is there twice.
    """

    data: Any
    lines: Mapping[YamlPath, int]
    problems: tuple[Problem, ...] = field(default=())

    def line(self, path: YamlPath) -> int:
        """Returns the line of a value, or of the nearest value around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def read_yaml(text: str, file: str) -> YamlDocument:
    """Reads YAML text, its letters composed; what is wrong with it is in ``problems``, nothing is raised."""
    try:
        loader = CoreLoader(unicodedata.normalize("NFC", text))
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        message = f"this is no valid YAML: {error.problem or error.context}"
        return YamlDocument(None, {}, (Problem(file, line, message),))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: \\U00110000, %YAML 9...9
        return YamlDocument(None, {}, (Problem(file, 1, f"this is no valid YAML: {error}"),))
    if node is None:
        return YamlDocument(None, {}, (Problem(file, 1, "the file is empty"),))
    values = _Values(file)
    data = values.of(node, ())
    return YamlDocument(data, values.lines, tuple(values.problems))


class _Values:
    """Makes Python values of nodes, and notes their lines and what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[YamlPath, int] = {}
        self.problems: list[Problem] = []

    def of(self, node: yaml.Node, path: YamlPath) -> Any:
        """Returns the value of a node at a place."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(value, (*path, index)) for index, value in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: YamlPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, "a list or a mapping is no key: write 'key: value'")
                continue
            name = self._text(key)
            if name in found:
                self._wrong(key, f"the key '{name[:100]}' is there twice: keep one of the two")
            self.lines[(*path, name)] = key.start_mark.line + 1
            found[name] = self.of(value, (*path, name))
        return found

    def _scalar(self, node: Any) -> Any:
        text = self._text(node)
        if node.style is None and OLDER.fullmatch(text):
            told = "can be read in two ways: write true, false or a plain number, or put it in quotes"
            self._wrong(node, f"{text[:100]} {told}")
        kind = str(node.tag).rpartition(":")[2]
        if kind == "int":
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        if kind == "float":
            return float(text)
        if kind == "bool":
            return text.lower() == "true"
        return None if kind == "null" else text

    def _text(self, node: yaml.Node) -> str:
        text = str(node.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._wrong(node, "there is half a character (\\uD800 to \\uDFFF) in the text: write it whole")
            return text.encode("utf-8", "replace").decode()
        return text

    def _wrong(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, message))
