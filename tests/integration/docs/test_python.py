"""The pages on Python and on the graph: their blocks run in their order, and the first shows each public name."""

import re
import shutil

import pytest

import echo_agent
from echo_agent import Inspector
from tests.conftest import synthetic_part

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def workplace(tmp_path, monkeypatch, good_parts, scratched_part):
    shutil.copytree(good_parts, tmp_path / "photographs" / "good")
    (tmp_path / "photographs" / "new").mkdir()
    synthetic_part(50).save(tmp_path / "photographs" / "new" / "0001.png")
    shutil.copy(scratched_part, tmp_path / "photographs" / "new" / "0002.png")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("workplace")
def test_the_blocks_run_and_use_each_public_name(repository, capsys):
    imports, *blocks = BLOCK.findall((repository / "docs" / "python.md").read_text(encoding="utf-8"))
    for name in echo_agent.__all__:
        assert name in imports
        assert any(re.search(rf"\b{name}\b", block) for block in blocks), name
    names: dict[str, object] = {}
    for block in (imports, *blocks):
        exec(compile(block, "docs/python.md", "exec"), names)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("normal ")
    assert "ByRegions" in told
    assert "plate: normal" in told[-1] or told[-1].startswith(("Yes", "No"))


@pytest.mark.usefixtures("workplace")
def test_the_blocks_of_the_graph_s_page_run(repository, good_parts, capsys):
    Inspector.open("echo-memory").register("plate", good_parts)
    for block in BLOCK.findall((repository / "docs" / "graph.md").read_text(encoding="utf-8")):
        exec(compile(block, "docs/graph.md", "exec"), {"__name__": "docs.graph"})
    assert capsys.readouterr().out.splitlines()[0] == "defective"
