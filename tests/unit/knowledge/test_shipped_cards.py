"""The cards that come with Echo: complete, sound, found by name, and in our own words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from echo_agent.knowledge.card import DefectType
from echo_agent.knowledge.checklist import expected_count
from echo_agent.knowledge.loader import SHIPPED_CARDS, CardLibrary, LoadedCard, check_folder, list_cards
from echo_agent.names import canonical_name

NAMES = """
bottle cable capsule carpet grid hazelnut leather metal_nut pill screw tile toothbrush transistor wood zipper
breakfast_box juice_bottle pushpins screw_bag splicing_connectors
candle capsules cashew chewinggum fryum macaroni1 macaroni2 pcb1 pcb2 pcb3 pcb4 pipe_fryum
cigarette_box drink_bottle drink_can food_bottle food_box food_package
solar_cell
"""
PRODUCTS = frozenset(NAMES.split())
LOGICAL = ("breakfast_box", "juice_bottle", "pushpins", "screw_bag", "splicing_connectors")
SENTENCE_WORDS = 6
"""Sentences from this length on are somebody's own words; shorter ones may be the same by chance."""
COPIED_RUN = 8
"""So many words in a row that are the same are a copy, even where the rest of the sentence differs."""

every_card = pytest.mark.parametrize("file", list_cards(SHIPPED_CARDS), ids=lambda file: file.parent.name)


@pytest.fixture(scope="module")
def cards() -> dict[str, LoadedCard]:
    """The shipped cards by product."""
    sound, problems = check_folder(SHIPPED_CARDS)
    assert not problems, "\n".join(map(str, problems))
    return {loaded.card.product: loaded for loaded in sound}


def test_every_product_has_its_card_in_a_folder_of_its_name(cards):
    assert set(cards) == PRODUCTS
    assert {loaded.file.parent.name for loaded in cards.values()} == PRODUCTS


@every_card
def test_a_card_tells_what_is_normal_and_what_goes_wrong(file, cards):
    card = cards[file.parent.name].card
    assert len(words(card.normal)) >= 30
    assert len(card.defects) >= 4
    for defect in card.defects:
        for told in (defect.look, defect.cause, defect.effect):
            assert told is not None
            assert told.endswith("."), f"'{told}' is no whole sentence"
            assert len(words(told)) >= 3


@every_card
def test_a_name_means_one_defect_type_of_its_card(file, cards):
    names = [
        canonical_name(name) for defect in cards[file.parent.name].card.defects for name in names_of(defect)
    ]
    assert sorted(names) == sorted(set(names))


@every_card
def test_a_shipped_card_allows_nothing_because_it_knows_neither_scale_nor_customer(file, cards):
    card = cards[file.parent.name].card
    assert card.scale is None
    assert not card.tolerances
    assert not re.search(r"\d\s*(mm|cm|µm|um|m)\b", file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("product", LOGICAL)
def test_a_set_of_parts_has_statements_to_check(product, cards):
    assert len(cards[product].card.checklist) >= 3


@pytest.mark.parametrize(
    ("product", "counts"),
    [
        ("pushpins", [15]),
        ("breakfast_box", [1, 2]),
        ("screw_bag", [1, 1, 2, 2]),
        ("juice_bottle", [2]),
        ("splicing_connectors", [1, 2]),
    ],
)
def test_a_set_of_parts_is_counted(product, counts, cards):
    assert sorted(item.count for item in cards[product].card.checklist if item.count is not None) == counts


@every_card
def test_no_statement_is_misread_as_a_count(file, cards):
    for item in cards[file.parent.name].card.checklist:
        assert expected_count(item) in {item.count, 0}, item.statement


@pytest.mark.parametrize(
    ("said", "product"),
    [
        ("Macaroni 1", "macaroni1"),
        ("macaroni-2", "macaroni2"),
        ("HC-SR04", "pcb1"),
        ("battery charger module", "pcb4"),
        ("two-piece capsule", "capsule"),
        ("softgels", "capsules"),
        ("Metal Nut", "metal_nut"),
        ("tea light", "candle"),
        ("beverage can", "drink_can"),
    ],
)
def test_a_product_is_found_by_the_name_people_use(said, product, cards):
    found = CardLibrary(tuple(cards.values())).find(said)
    assert found is not None
    assert found.card.product == product


def test_no_text_is_copied_from_the_benchmark(cards, test_data: Path):
    published = json.loads((test_data / "mmad_domain_knowledge.json").read_text(encoding="utf-8"))
    theirs = list(texts(published))
    sentences = {tuple(words(sentence)) for text in theirs for sentence in sentences_of(text)}
    runs = {run for text in theirs for run in runs_of(words(text))}
    assert len(runs) > 1000, "the published text was not read"
    for loaded in cards.values():
        for text in texts(loaded.yaml.data):
            ours = [tuple(words(sentence)) for sentence in sentences_of(text)]
            copied = [
                sentence for sentence in ours if len(sentence) >= SENTENCE_WORDS and sentence in sentences
            ]
            copied += [run for run in runs_of(words(text)) if run in runs]
            assert not copied, f"{loaded.file}: {copied}"


def names_of(defect: DefectType) -> tuple[str, ...]:
    return (defect.name, *defect.aliases)


def texts(value: Any) -> Iterator[str]:
    """Yields every text inside nested mappings and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def sentences_of(text: str) -> list[str]:
    return re.split(r"[.;:!?\n]+", text)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.casefold())


def runs_of(said: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(len(said) - COPIED_RUN + 1):
        yield tuple(said[start : start + COPIED_RUN])
