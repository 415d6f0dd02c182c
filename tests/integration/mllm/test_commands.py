"""``models``, ``models check`` and ``calibrate`` from the command line, and what inspections cost."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks.inspections import app as inspections
from echo_agent.cli.app import app
from echo_agent.mllm.decider import MllmDecider
from echo_agent.state import Trace
from tests.conftest import synthetic_part
from tests.tiny_checkpoints import llava


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return llava(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """A product in the layout of MVTec AD: five good and five scratched plates to test with."""
    folder = tmp_path_factory.mktemp("plates")
    for name, defect, seeds in (
        ("train/good", False, range(10)),
        ("test/good", False, range(20, 25)),
        ("test/scratch", True, range(30, 35)),
    ):
        (folder / name).mkdir(parents=True)
        for seed in seeds:
            synthetic_part(seed, defect=defect).save(folder / name / f"{seed}.png")
    return folder


def run(*arguments, program=app):
    return CliRunner().invoke(program, [str(argument) for argument in arguments])


def test_models_are_listed_with_their_remedies():
    result = run("models", "--mllm", "no/such-model", "--json")
    assert result.exit_code == 0
    rows = {row["model"]: row for row in json.loads(result.stdout)}
    assert rows["no/such-model"]["configured"]
    assert "hf download no/such-model" in rows["no/such-model"]["remedies"][-1]
    assert rows["measured"]["ready"]
    assert "measured" in run("models").stdout


def test_a_model_is_checked_on_labelled_photographs(checkpoint, plates):
    result = run("models", "check", checkpoint, "--data", plates, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["images"] == 10
    assert 0 <= found["accuracy"] <= 1
    assert found["decided_by"]["dtype"] == "float32"
    assert found["seconds_per_image"] > 0
    assert found["memory_gib"] > 0
    assert "loads in" in run("models", "check", checkpoint).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("models", "check", "no/such-model"), "hf download no/such-model"),
        (("models", "check", "measured"), "no language model"),
        (("models", "check", "nonsense"), "URL#model"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(arguments, says):
    result = run(*arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_data_in_another_layout_is_told(checkpoint, tmp_path):
    result = run("models", "check", checkpoint, "--data", tmp_path)
    assert result.exit_code == 1
    assert "test/<kind>" in result.stderr


def test_the_reasoned_path_is_calibrated_on_the_steps_that_the_model_writes(
    checkpoint, plates, tmp_path, monkeypatch
):
    memory = tmp_path / "memory"
    assert run("register", "plate", plates / "train" / "good", "--memory", memory).exit_code == 0
    written, shown = [], []
    decide = MllmDecider.decide

    def noting_reason(self, case, *_):
        written.append(case)
        return Trace(steps=(), written_by="the model")

    def noting_decide(self, case):
        shown.append(case)
        return decide(self, case)

    monkeypatch.setattr(MllmDecider, "reason", noting_reason)
    monkeypatch.setattr(MllmDecider, "decide", noting_decide)
    arguments = ("calibrate", plates, "--product", "plate", "--mllm", checkpoint, "--memory", memory)
    assert run(*arguments, "--path", "reasoned").exit_code == 0
    assert len(written) == len(shown) == 10
    assert {case.trace.written_by for case in shown} == {"the model"}
    shown.clear()
    assert run(*arguments, "--path", "fast").exit_code == 0
    assert {case.trace for case in shown} == {None}


def test_calibrate_keeps_what_inspections_then_use(checkpoint, plates, tmp_path, monkeypatch):
    monkeypatch.setattr(MllmDecider, "reason", lambda *_: Trace(steps=(), written_by="the model"))
    memory = tmp_path / "memory"
    assert run("register", "plate", plates / "train" / "good", "--memory", memory).exit_code == 0
    before = run(
        "inspect",
        plates / "test" / "good" / "20.png",
        "--product",
        "plate",
        "--mllm",
        checkpoint,
        "--memory",
        memory,
        "--json",
    )
    assert before.exit_code == 0, before.stderr
    assert not json.loads(before.stdout)["confidence_calibrated"]
    result = run(
        "calibrate", plates, "--product", "plate", "--mllm", checkpoint, "--memory", memory, "--json"
    )
    assert result.exit_code == 0, result.stderr
    fitted = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["path"] for each in fitted] == ["fast", "reasoned"]
    assert fitted[0]["model"] == str(checkpoint)
    after = run(
        "inspect",
        plates / "test" / "good" / "20.png",
        "--product",
        "plate",
        "--mllm",
        checkpoint,
        "--memory",
        memory,
        "--json",
    )
    verdict = json.loads(after.stdout)
    assert verdict["confidence_calibrated"]
    assert verdict["decided_by"]["model"] == str(checkpoint)
    assert verdict["decided_by"]["revision"] == "local"
    assert verdict["attempts"][0]["input_tokens"] > 0
    told = run(
        *(plates / "test" / "good", "--product", "plate", "--mllm", checkpoint),
        *("--memory", memory, "--limit", 2, "--rounds", 1, "--json"),
        program=inspections,
    )
    assert told.exit_code == 0, told.stderr
    rates = json.loads(told.stdout)
    assert rates["images"] == 2
    assert rates["together"] > 0
