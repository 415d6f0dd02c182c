"""The page on audit: its commands run in their order, in a shell."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_its_commands_run_in_their_order(repository, tmp_path, good_parts, scratched_part):
    shutil.copytree(good_parts, tmp_path / "photographs" / "good")
    (tmp_path / "photographs" / "new").mkdir()
    shutil.copy(scratched_part, tmp_path / "photographs" / "new" / "0002.png")
    card = "schema_version: 1\nproduct: plate\nnormal: A grey plate with two holes.\n"
    (tmp_path / "plate-card.yaml").write_text(card)
    page = (repository / "docs" / "audit.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```bash\n(.*?)```", page, re.DOTALL))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stderr
    assert "The same verdict again. Nothing has changed since." in ran.stdout
    assert "0 are not in the chain" in ran.stdout
    verdicts = re.findall(r"^photographs/new/0002\.png \[plate\]: .*\n- .*$", ran.stdout, re.MULTILINE)
    assert (len(verdicts), len(set(verdicts))) == (3, 1), ran.stdout
