import subprocess

import pytest

from echo_agent.cli.app import app


@pytest.fixture(scope="session")
def plates(tmp_path_factory, good_parts):
    """A memory in which the synthetic good parts are registered as ``plate``, by the command line."""
    memory = tmp_path_factory.mktemp("plates") / "memory"
    with pytest.raises(SystemExit) as ended:
        app(["register", "plate", str(good_parts), "--memory", str(memory)])
    assert ended.value.code == 0
    return memory


@pytest.fixture
def plates_copy(plates, tmp_path):
    """A memory of its own like that of plates.

    Another process copies it: this one may have the database open, and loses SQLite's locks on it where it opens and
    closes the file beside.
    """
    subprocess.run(["cp", "-r", plates, tmp_path / "memory"], check=True)
    return tmp_path / "memory"
