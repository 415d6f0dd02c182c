import subprocess

import pytest

from echo_agent.cli.app import app


@pytest.fixture(scope="session")
def untouched(tmp_path_factory, good_parts):
    """A memory in which the synthetic good parts are registered as ``plate``, by the command line; only to copy."""
    memory = tmp_path_factory.mktemp("plates") / "memory"
    with pytest.raises(SystemExit) as ended:
        app(["register", "plate", str(good_parts), "--memory", str(memory)])
    assert ended.value.code == 0
    return memory


def copied(memory, folder):
    """Lets another process copy a memory: this one may have the database open, and loses SQLite's locks on it where it
    opens and closes the file beside.
    """
    subprocess.run(["cp", "-r", memory, folder / "memory"], check=True)
    return folder / "memory"


@pytest.fixture(scope="session")
def plates(untouched, tmp_path_factory):
    """The memory with ``plate`` that tests share: it holds what others inspected before."""
    return copied(untouched, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def plates_copy(untouched, tmp_path):
    """A memory of its own with ``plate``, in which nothing was inspected yet."""
    return copied(untouched, tmp_path)
