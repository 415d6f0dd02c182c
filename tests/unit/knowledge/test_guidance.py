"""Which card holds for a product."""

import os
from pathlib import Path

import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.guidance import find_card, look_up


def test_a_registered_card_is_read_again_when_it_changes_and_missed_when_it_is_gone(tmp_path):
    file = tmp_path / "card.yaml"
    file.write_text("schema_version: 1\nproduct: bolt\nnormal: shiny\n", encoding="utf-8")
    found = find_card("bolt", None, file)
    assert found is not None
    assert found.card.normal == "shiny"
    assert find_card("bolt", None, file) is found
    file.write_text("schema_version: 1\nproduct: bolt\nnormal: dull\n", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    found = find_card("bolt", None, file)
    assert found is not None
    assert found.card.normal == "dull"
    file.unlink()
    with pytest.raises(KnowledgeError):
        find_card("bolt", None, file)


@pytest.mark.parametrize("looks", [0, 1])
def test_a_file_that_an_editor_puts_beside_a_card_for_a_moment_is_none_of_it(tmp_path, monkeypatch, looks):
    card, moment = tmp_path / "card.yaml", tmp_path / "4913"
    card.write_text("schema_version: 1\nproduct: bolt\nnormal: shiny\n", encoding="utf-8")
    moment.write_text("")
    plain, looked = Path.stat, []

    def stat(file, **options):
        if file == moment and len(looked) == looks:
            moment.unlink(missing_ok=True)
        looked.extend([file] if file == moment else [])
        return plain(file, **options)

    monkeypatch.setattr(Path, "stat", stat)
    found = find_card("bolt", tmp_path, None)
    assert found is not None
    assert [passage.text for passage in look_up(found, "shiny")] == ["Normal bolt: shiny"]
