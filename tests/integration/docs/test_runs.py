"""The commands of the page on runs do what it says, on synthetic parts in the place of a user's photographs."""

import re
import shlex
import shutil

import pytest

BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)


@pytest.fixture
def workplace(tmp_path, monkeypatch, good_parts, scratched_part):
    (tmp_path / "photographs" / "new").mkdir(parents=True)
    shutil.copy(scratched_part, tmp_path / "photographs" / "new")
    shutil.copy(good_parts / "good-0.png", tmp_path / "photographs" / "new")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_lines_run_in_their_order(repository, workplace, echo, good_parts):
    assert echo("register", "plate", good_parts)[0] == 0
    page = (repository / "docs" / "runs.md").read_text(encoding="utf-8")
    commands = [line for block in BLOCK.findall(page) for line in block.splitlines()]
    for command in commands:
        code, _, err = echo(*shlex.split(command)[1:])
        assert (code, err) == (0, ""), command
    for file in ("run/verdicts.jsonl", "run/parts.csv", "run/parts-regions.csv", "shift.xlsx"):
        assert (workplace / file).is_file()
