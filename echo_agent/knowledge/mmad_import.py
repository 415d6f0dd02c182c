"""MMAD's ``domain_knowledge.json`` as knowledge cards: dataset to class to defect to text."""

import re
from pathlib import Path
from typing import Any

from echo_agent.card_files import CARD_FILE
from echo_agent.errors import KnowledgeError
from echo_agent.files import read_text
from echo_agent.json_text import parse_json
from echo_agent.knowledge.card import ANY_DEFECT, SCHEMA_VERSION
from echo_agent.knowledge.card_yaml import write_card_yaml
from echo_agent.names import canonical_name

MAX_BYTES = 16 * 2**20
_GOOD = "good"
_TITLE = re.compile(r"^\s*<([^<>\n]+)>\s*")
_DESCRIPTION = re.compile(r"^\s*description\s*:\s*", re.IGNORECASE)
_NO_NORMAL = "The source does not describe the normal state."


def import_mmad(source: Path, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Turns MMAD's domain knowledge into one card a class.

    The texts are MMAD's; they hold no number, so that the cards have no tolerance.

    Args:
        source: MMAD's ``domain_knowledge.json``.
        folder: Where the cards go, as ``<class>/card.yaml``.
        overwrite: Whether cards that are there already are replaced.

    Returns:
        The cards' files, in the order of the source.

    Raises:
        KnowledgeError: The file is not MMAD's, or a card is there already.
    """
    cards = [(_folder_name(name), values) for (_, name), values in mmad_cards(source).items()]
    files = [folder / name / CARD_FILE for name, _ in cards]
    if len(set(files)) < len(files):
        raise KnowledgeError(f"{source} names a class in two datasets: import them into separate folders")
    taken = [file for file in files if file.exists()]
    if taken and not overwrite:
        raise KnowledgeError(
            f"{taken[0]} is there already: import into an empty folder, or replace it on purpose"
        )
    for file, (_, values) in zip(files, cards, strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(write_card_yaml(values, f"Imported from {source.name} of MMAD."), encoding="utf-8")
    return files


def mmad_cards(source: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Reads MMAD's domain knowledge as the values of cards.

    Args:
        source: MMAD's ``domain_knowledge.json``.

    Returns:
        Dataset and class to the values of a card.

    Raises:
        KnowledgeError: The file is not MMAD's.
    """
    return {
        (dataset, name): _values(dataset, name, defects)
        for dataset, classes in _read(source).items()
        for name, defects in classes.items()
    }


def _read(source: Path) -> dict[str, dict[str, dict[str, str]]]:
    try:
        data = parse_json(read_text(source, MAX_BYTES))
    except FileNotFoundError as error:
        raise KnowledgeError(f"there is no file {source}: name MMAD's domain_knowledge.json") from error
    except (OSError, ValueError) as error:
        raise KnowledgeError(
            f"{source} is no JSON that can be read: name MMAD's domain_knowledge.json"
        ) from error
    if not _is_nested_text(data, depth=3) or not data:
        raise KnowledgeError(
            f"{source} is not MMAD's: its domain_knowledge.json holds dataset, class, defect and text"
        )
    knowledge: dict[str, dict[str, dict[str, str]]] = data
    return knowledge


def _is_nested_text(data: object, depth: int) -> bool:
    if depth == 0:
        return isinstance(data, str)
    return isinstance(data, dict) and all(_is_nested_text(value, depth - 1) for value in data.values())


def _values(dataset: str, name: str, defects: dict[str, str]) -> dict[str, Any]:
    normal = next((text for key, text in defects.items() if key.casefold() == _GOOD), "")
    types = [
        {"name": _defect_name(key), "look": _description(text) or _title(text) or _defect_name(key)}
        for key, text in defects.items()
        if key.casefold() != _GOOD
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "product": name,
        "normal": _description(normal) or _NO_NORMAL,
        "defects": types,
        "sources": [f"MMAD domain knowledge, {dataset}/{name}"],
    }


def _folder_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", canonical_name(name))


def _defect_name(key: str) -> str:
    name = " ".join(key.replace("_", " ").split())
    return f"{name} defect" if canonical_name(name) == ANY_DEFECT else name


def _title(text: str) -> str:
    match = _TITLE.match(text)
    return match.group(1).strip() if match else ""


def _description(text: str) -> str:
    return " ".join(_DESCRIPTION.sub("", _TITLE.sub("", text)).split())
