"""YAML 1.2 read together with the line on which each value stands."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

YamlPath = tuple[str | int, ...]

CORE = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
)
"""Plain scalars that are no text (YAML 1.2.2, section 10.3.2, and the merge key): tag, pattern, first characters."""

OLDER = re.compile(
    r"yes|no|on|off|y|n|[-+]?\.(inf|nan)|[-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?|[-+]?[0-9]+(_[0-9_]*)+(\.[0-9_]*)?|0b[01_]+",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 took for truth values or numbers, and .inf: whoever writes them may mean either."""


class CoreLoader(yaml.SafeLoader):
    """Reads plain scalars by YAML 1.2: ``010`` is ten, and ``yes`` is text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def whole_number(self, node: yaml.ScalarNode) -> int:
        """Reads decimal, ``0o`` octal and ``0x`` hexadecimal numbers."""
        text = str(self.construct_scalar(node))
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


for _tag, _pattern, _first in CORE:
    CoreLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), [*_first, ""])
CoreLoader.add_constructor("tag:yaml.org,2002:int", CoreLoader.whole_number)


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
    loader = CoreLoader(unicodedata.normalize("NFC", text))
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlDocument(None, {}, (Problem(file, 1, "the file is empty"),))
        lines: dict[YamlPath, int] = {}
        problems: list[Problem] = []
        _walk(node, (), file, lines, problems)
        return YamlDocument(loader.construct_document(node), lines, tuple(problems))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        message = f"this is no valid YAML: {error.problem or error.context}"
        return YamlDocument(None, {}, (Problem(file, line, message),))
    except yaml.YAMLError as error:
        return YamlDocument(None, {}, (Problem(file, 1, f"this is no valid YAML: {error}"),))
    finally:
        loader.dispose()


def _walk(
    node: yaml.Node, path: YamlPath, file: str, lines: dict[YamlPath, int], problems: list[Problem]
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                problems.append(Problem(file, line, f"the key '{name}' is there twice: keep one of the two"))
            seen.add(name)
            lines[(*path, name)] = line
            _walk(value, (*path, name), file, lines, problems)
    elif isinstance(node, yaml.ScalarNode):
        if node.style is None and OLDER.fullmatch(node.value):
            message = f"{node.value} can be read in two ways: write true, false or a plain number, or put it in quotes"
            problems.append(Problem(file, node.start_mark.line + 1, message))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), file, lines, problems)
