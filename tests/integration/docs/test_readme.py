"""The README's commands do what it says, on synthetic parts in the place of a user's photographs."""

import json
import re
import shlex
import shutil

import pytest

from echo_agent.graph import AFTER_DECISION, AFTER_ROUTER, NODES, build_graph

COMMANDS = re.compile(r"^echo-agent .*$", re.MULTILINE)


@pytest.fixture
def workplace(tmp_path, monkeypatch, good_parts, scratched_part):
    """A folder with the files that the README's examples name."""
    shutil.copytree(good_parts, tmp_path / "photographs" / "good")
    (tmp_path / "photographs" / "new").mkdir()
    shutil.copy(scratched_part, tmp_path / "photographs" / "new")
    shutil.copy(good_parts / "good-0.png", tmp_path / "part.png")
    card = "schema_version: 1\nproduct: plate\nnormal: A grey plate with two holes.\n"
    (tmp_path / "plate-card.yaml").write_text(card)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def section(readme, title):
    return re.search(rf"^## {title}$(.*?)(?=^## )", readme, re.MULTILINE | re.DOTALL).group(1)


def test_the_command_lines_run_in_their_order(repository, workplace, echo):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    commands = COMMANDS.findall(section(readme, "On the command line"))
    assert len(commands) >= 5
    for command in commands:
        code, _, err = echo(*shlex.split(command)[1:])
        assert (code, err) == (0, ""), command
    assert (workplace / "report.html").is_file()
    assert list((workplace / "run" / "maps").glob("scratched-*.jpg"))


def test_the_python_lines_run(repository, workplace, capsys):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", section(readme, "In Python"), re.DOTALL)
    exec(compile(source, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("normal ")


def test_the_drawing_is_that_of_the_graph(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    picture = section(readme, "How it decides").split("```")[1]
    mermaid = build_graph().get_graph().draw_mermaid()
    nodes = set(re.findall(r"^\t(\w+)\(\1\)$", mermaid, re.MULTILINE))
    labels = set(re.findall(r"&nbsp;(.+?)&nbsp;", mermaid))
    assert nodes == {node.__name__ for node in NODES}
    assert labels == {*AFTER_ROUTER, *AFTER_DECISION}
    drawn = {words.strip() for words in re.split(r"[─┬┐▲└┴│┤┘\n]+|  +", picture)} - {""}
    assert drawn == nodes | labels


@pytest.mark.parametrize("notebook", ["01_first_inspection", "05_inside_the_graph"])
def test_the_notebooks_keep_the_drawing_of_the_graph(repository, notebook):
    cells = json.loads((repository / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    kept = [
        "".join(output["data"]["text/markdown"])
        for cell in cells
        for output in cell.get("outputs", ())
        if "text/markdown" in output.get("data", ())
    ]
    assert f"```mermaid\n{build_graph().get_graph().draw_mermaid()}\n```" in kept
