"""Cards from files: read one, check it with line numbers, and find a product's among several folders."""

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from echo_agent.card_files import CARD_FILE
from echo_agent.errors import KnowledgeError
from echo_agent.files import read_text
from echo_agent.knowledge.card import SCHEMA_VERSION, Card, ChecklistItem, contradictions
from echo_agent.knowledge.checklist import expected_count
from echo_agent.knowledge.yaml_lines import MAX_BYTES, Problem, YamlDocument, YamlPath, read_yaml
from echo_agent.names import canonical_name

MAX_PROBLEMS = 50
"""Problems of one card that are told at once."""

PACKAGE = Path(__file__).resolve().parents[1]
PLACES = (PACKAGE / "cards", PACKAGE.parent / "knowledge_base")
"""Where the cards that come with Echo lie: in the package once it is installed, beside it in a checkout."""

SHIPPED_CARDS = next((place for place in PLACES if place.is_dir()), PLACES[0])


@dataclass(frozen=True)
class LoadedCard:
    """A card and where it came from.

    Attributes:
        card: The card.
        file: Its file.
        yaml: The file's values with their lines.
    """

    card: Card
    file: Path
    yaml: YamlDocument

    def line(self, *path: str | int) -> int:
        """Returns the line (from 1) of a value of the card, such as ``line("defects", 0, "look")``."""
        return self.yaml.line(path)


def card_file(path: Path) -> Path:
    """Returns the card's file for a path that names the file itself or the product's folder."""
    return path / CARD_FILE if path.is_dir() else path


def check_card(path: Path) -> tuple[LoadedCard | None, list[Problem]]:
    """Reads a card and says what is wrong with it.

    Args:
        path: The card's file, or the folder that holds ``card.yaml``.

    Returns:
        The card, or None where it cannot be used, and the problems in the order of their lines.
    """
    file = card_file(path)
    try:
        text = read_text(file, MAX_BYTES)
    except FileNotFoundError:
        return None, [Problem(str(file), 1, "there is no such file: name a card.yaml or the folder it is in")]
    except (OSError, ValueError) as error:
        return None, [Problem(str(file), 1, f"the file cannot be read as UTF-8 text: {error}")]
    document = read_yaml(text, str(file))
    if document.problems:
        return None, list(document.problems)
    if not isinstance(document.data, dict):
        return None, [
            Problem(str(file), 1, "the card must be a list of 'key: value' lines, such as 'product: bolt'")
        ]
    try:
        card = Card.model_validate(document.data)
    except ValidationError as error:
        return None, sorted(_problems(error, document, str(file)), key=lambda problem: problem.line)
    loaded = LoadedCard(card, file, document)
    problems = [Problem(str(file), document.line(place), message) for place, message in contradictions(card)]
    problems += _checklist_problems(loaded)
    return (None if problems else loaded), sorted(problems, key=lambda problem: problem.line)


def read_card(path: Path) -> LoadedCard:
    """Reads a card.

    Raises:
        KnowledgeError: The card is missing or broken; the message names file, line and remedy.
    """
    loaded, problems = check_card(path)
    if loaded is None:
        raise KnowledgeError("\n".join(str(problem) for problem in problems))
    return loaded


def list_cards(folder: Path) -> list[Path]:
    """Returns the card files in a folder and its sub-folders, sorted."""
    return sorted(folder.rglob(CARD_FILE))


def check_folder(folder: Path) -> tuple[list[LoadedCard], list[Problem]]:
    """Checks every card of a folder, and that no two of them are for one product.

    Returns:
        The sound cards and all problems.
    """
    cards: list[LoadedCard] = []
    problems: list[Problem] = []
    owner: dict[str, LoadedCard] = {}
    for path in list_cards(folder):
        loaded, found = check_card(path)
        problems += found
        if loaded is None:
            continue
        clashes = [name for name in sorted(loaded.card.names()) if name in owner]
        for name in clashes:
            message = (
                f"'{name}' already belongs to {owner[name].file}:{owner[name].line('product')}: "
                "two cards for one product, so rename one or take the alias out"
            )
            problems.append(Problem(str(loaded.file), loaded.line("product"), message))
        if not clashes:
            cards.append(loaded)
            owner.update(dict.fromkeys(loaded.card.names(), loaded))
    return cards, problems


@dataclass(frozen=True)
class CardLibrary:
    """The cards that are known, by product name or alias; earlier cards go before later ones."""

    cards: tuple[LoadedCard, ...]

    @classmethod
    def open(
        cls, folders: Iterable[Path] = (), *, registered: Sequence[Path] = (), shipped: bool = True
    ) -> "CardLibrary":
        """Reads the cards that can be found.

        A card registered with a product goes before those of the folders, and these before the shipped ones,
        so that a user's own card replaces Echo's for the same name.

        Args:
            folders: Folders of the user's cards.
            registered: Card files or folders that were registered with a product.
            shipped: Whether Echo's own cards are looked at too.

        Raises:
            KnowledgeError: A folder is missing, a card is broken, or one folder has two cards for a product.
        """
        cards = [read_card(path) for path in registered]
        for folder in [*folders, *([SHIPPED_CARDS] if shipped else [])]:
            if not folder.is_dir():
                raise KnowledgeError(
                    f"there is no knowledge folder {folder}: make it, or unset ECHO_KNOWLEDGE"
                )
            found, problems = check_folder(folder)
            if problems:
                raise KnowledgeError("\n".join(str(problem) for problem in problems))
            cards += found
        return cls(tuple(cards))

    def find(self, product: str) -> LoadedCard | None:
        """Returns the first card of that name, else the first with that alias, else None."""
        return self._named.get(canonical_name(product))

    @cached_property
    def _named(self) -> dict[str, LoadedCard]:
        found = {canonical_name(card.card.product): card for card in reversed(self.cards)}
        for card in self.cards:
            for name in card.card.names():
                found.setdefault(name, card)
        return found


def drawn_on(loaded: LoadedCard, item: ChecklistItem) -> Path | str | None:
    """Returns the photograph that a statement's places are drawn on: a file beside the card, or a digest."""
    if item.reference is None:
        return None
    is_digest = len(item.reference) == 64 and item.reference.isalnum()
    return item.reference.lower() if is_digest else loaded.file.parent / item.reference


def _checklist_problems(loaded: LoadedCard) -> list[Problem]:
    problems = []
    for index, item in enumerate(loaded.card.checklist):
        drawn = drawn_on(loaded, item)
        if isinstance(drawn, Path) and not os.path.isfile(drawn):  # False for a name that is too long, too
            message = (
                f"there is no image '{item.reference}' beside the card: "
                "put it there, or give the reference's SHA-256"
            )
            problems.append(Problem(str(loaded.file), loaded.line("checklist", index, "reference"), message))
        if item.places and (expected := expected_count(item)) != len(item.places):
            number = "no single number" if expected is None else str(expected)
            message = (
                f"'{item.statement}' expects {number} and {len(item.places)} places are drawn: "
                "draw one place for each thing, or set count"
            )
            problems.append(Problem(str(loaded.file), loaded.line("checklist", index, "places"), message))
    return problems


def _problems(error: ValidationError, document: YamlDocument, file: str) -> list[Problem]:
    return [
        Problem(
            file,
            document.line(place),
            _plain_words(detail["type"], detail["msg"], place, detail.get("input")),
        )
        for detail in error.errors(include_url=False)[:MAX_PROBLEMS]
        for place in [_in_file(detail["loc"], document)]
    ]


def _in_file(place: YamlPath, document: YamlDocument) -> YamlPath:
    """Drops what pydantic adds behind the value that stands in the file."""
    inner = place
    while inner[:-1] and inner not in document.lines and inner[:-1] not in document.lines:
        inner = inner[:-1]
    return inner


def _plain_words(kind: str, message: str, place: YamlPath, given: object) -> str:
    name = _spelled(place)
    if kind == "extra_forbidden":
        known = _keys_at(place[:-1])
        close = difflib.get_close_matches(str(place[-1]), known, n=1)
        remedy = f"did you mean '{close[0]}'?" if close else f"known keys here are {', '.join(known)}"
        return f"unknown key '{name}': {remedy}"
    if kind == "missing":
        return f"the key '{name}' is missing: add it"
    if kind == "literal_error" and place == ("schema_version",):
        return f"schema_version is {_short(given)}, this Echo reads version {SCHEMA_VERSION}: write {SCHEMA_VERSION}"
    if kind in {"less_than_equal", "greater_than_equal"} and ({"box", "polygon", "places"} & set(place)):
        told = "outside the image: coordinates run from 0 (left, top) to 1 (right, bottom)"
        return f"'{name}' is {_short(given)}, {told}"
    if kind == "value_error":
        said = message.removeprefix("Value error, ")
        return f"'{name}': {said}" if name else said
    return f"'{name[:200]}' is {_short(given)}: {(message[0].lower() + message[1:]).replace('tuple', 'list')}"


def _short(given: object) -> str:
    return repr(given)[:200]


def _spelled(place: YamlPath) -> str:
    """Spells a place for a person: ``defects[2].look``, counted from 1."""
    text = ""
    for step in place:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _keys_at(place: YamlPath) -> list[str]:
    """Returns the keys that the schema knows at a place."""
    model: Any = Card
    for step in place:
        if isinstance(step, int):
            continue
        inner = _models_in(model.model_fields[step].annotation)
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
