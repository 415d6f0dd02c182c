"""YAML read together with the line on which each value stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

YamlPath = tuple[str | int, ...]


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
    """Reads YAML text; what is wrong with it is in ``problems``, nothing is raised."""
    loader = yaml.SafeLoader(text)
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
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), file, lines, problems)
