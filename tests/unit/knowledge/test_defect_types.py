import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.card import Card
from echo_agent.knowledge.defect_types import known_defect_type

CARD = Card.model_validate(
    {
        "schema_version": 1,
        "product": "plate",
        "normal": "Two holes.",
        "defects": [
            {"name": "deep scratch", "aliases": ["Kratzer"], "look": "A line."},
            {"name": "dent", "look": "A hollow."},
        ],
    }
)


@pytest.mark.parametrize(
    ("said", "name"), [("dent", "dent"), ("Deep-Scratch", "deep scratch"), ("kratzer", "deep scratch")]
)
def test_a_type_is_known_by_its_name_and_aliases_in_any_case(said, name):
    assert known_defect_type(CARD, said) == name


@pytest.mark.parametrize(
    ("said", "offer"),
    [
        ("deep scrath", "did you mean 'deep scratch'?"),
        ("Krazer", "did you mean 'deep scratch'?"),
        ("rust", "name one of them"),
    ],
)
def test_an_unknown_type_is_asked_back_with_the_nearest_name(said, offer):
    with pytest.raises(KnowledgeError, match=r"no defect type .*\(deep scratch, dent\)") as told:
        known_defect_type(CARD, said)
    assert str(told.value).endswith(offer)


def test_without_a_card_or_types_in_it_every_name_is_taken():
    assert known_defect_type(None, "rust") == "rust"
    assert known_defect_type(CARD.model_copy(update={"defects": ()}), "rust") == "rust"
