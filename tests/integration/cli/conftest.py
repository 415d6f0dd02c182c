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
