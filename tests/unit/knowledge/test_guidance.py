"""Which card holds for a product."""

import os

import pytest

from echo_agent.errors import KnowledgeError
from echo_agent.knowledge.guidance import find_card


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
