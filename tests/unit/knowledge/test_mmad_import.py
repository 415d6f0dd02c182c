import json

import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.loader import check_folder
from echo_agent.knowledge.mmad_import import import_mmad


def test_all_classes_of_mmad_become_sound_cards(test_data, tmp_path):
    source = test_data / "mmad_domain_knowledge.json"
    assert len(import_mmad(source, tmp_path)) == 38
    cards, problems = check_folder(tmp_path)
    assert not problems
    assert len(cards) == 38
    zipper = next(card.card for card in cards if card.card.product == "zipper")
    assert "interlocking" in zipper.normal
    assert "good" not in {defect.name for defect in zipper.defects}
    assert zipper.defect("broken teeth").look.startswith("The defect is characterized")
    assert not any(card.card.tolerances for card in cards)


def test_a_card_that_is_there_is_not_replaced_by_accident(tmp_path):
    source = tmp_path / "k.json"
    source.write_text(
        json.dumps({"A": {"nut": {"good": "fine", "bent": "<Bent>\n Description: bent."}}}), encoding="utf-8"
    )
    (file,) = import_mmad(source, tmp_path)
    with pytest.raises(KnowledgeError, match="there already"):
        import_mmad(source, tmp_path)
    assert import_mmad(source, tmp_path, overwrite=True) == [file]


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "no JSON"), ("[]", "not MMAD's"), ('{"a": 1}', "not MMAD's"), ("{}", "not MMAD's")],
)
def test_another_file_is_refused(tmp_path, text, words):
    source = tmp_path / "k.json"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=words):
        import_mmad(source, tmp_path)
    with pytest.raises(KnowledgeError, match="no file"):
        import_mmad(tmp_path / "absent.json", tmp_path)


def test_a_class_of_two_datasets_is_told(tmp_path):
    source = tmp_path / "k.json"
    source.write_text(
        json.dumps({"A": {"nut": {"good": "x"}}, "B": {"nut": {"good": "y"}}}), encoding="utf-8"
    )
    with pytest.raises(KnowledgeError, match="two datasets"):
        import_mmad(source, tmp_path)
