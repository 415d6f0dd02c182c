"""Paths in what a memory stores: below its folder they are relative to it, and texts that look like paths stay."""

from pathlib import Path

from echo_agent.memory.stored_paths import from_stored, to_stored
from echo_agent.state import Value


class Photograph(Value):
    uri: str | None
    says: str
    file: str = "/elsewhere/card.yaml"


def test_a_path_below_the_folder_moves_with_it_and_a_text_that_looks_like_one_stays(tmp_path):
    says = f'"uri": "{tmp_path}/images/a.png", "file": "memory:x" \\" \u2028'
    kept = Photograph(uri=f'{tmp_path}/images/odd "name" \\.png', says=says)
    text = to_stored(kept, tmp_path)
    assert from_stored(text, Path("/moved")) == {
        "uri": '/moved/images/odd "name" \\.png',
        "says": says,
        "file": "/elsewhere/card.yaml",
    }
    assert from_stored(to_stored(Photograph(uri=None, says=""), tmp_path), tmp_path)["uri"] is None
