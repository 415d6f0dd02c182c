import json

import pytest

from echo_agent.errors import DatasetError, KnowledgeError
from echo_agent.evaluation.mmad import MmadRun
from echo_agent.evaluation.mmad_cards import card_of_image, write_cards
from echo_agent.evaluation.mmad_dataset import MmadImage
from echo_agent.knowledge.loader import read_card


def image(path):
    return MmadImage(path=path, similar=(), random=(), questions=())


def test_a_card_tells_all_defect_types_and_neither_class_nor_dataset(tmp_path):
    source = tmp_path / "domain_knowledge.json"
    text = {"good": "An even rim.", "broken_large": "A large piece is missing.", "stained": "A stain."}
    source.write_text(json.dumps({"MVTec": {"bottle": text}}))
    cards = write_cards(source, tmp_path / "cards")
    file = card_of_image(cards, image("DS-MVTec/bottle/image/good/000.png"))
    card = read_card(file).card
    assert card.normal == "An even rim."
    assert [defect.name for defect in card.defects] == ["broken large", "stained"]
    written = file.read_text()
    assert "bottle" not in written
    assert "MVTec" not in written
    assert card_of_image(cards, image("VisA/pcb1/test/bad/000.png")) is None


def test_a_file_that_is_no_domain_knowledge_is_an_error(tmp_path):
    source = tmp_path / "domain_knowledge.json"
    source.write_text("[]")
    with pytest.raises(KnowledgeError, match=r"not MMAD's"):
        write_cards(source, tmp_path / "cards")


def test_named_knowledge_that_is_not_there_is_an_error(tmp_path):
    turn = {"Question": "Any defect?", "Answer": "A", "Options": {"A": "No."}, "type": "Anomaly Detection"}
    (tmp_path / "mmad.json").write_text(json.dumps({"S/p/good/0.png": {"conversation": [turn]}}))
    with pytest.raises(DatasetError, match="--knowledge"):
        MmadRun.open(tmp_path, tmp_path / "run", knowledge=tmp_path / "nowhere.json")
