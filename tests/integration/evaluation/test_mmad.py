"""The whole benchmark on made photographs: nothing leaks, every profile runs to its end, a killed run goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from echo_agent.evaluation.mmad import MmadRun
from echo_agent.evaluation.mmad_run import RunSettings, read_run
from echo_agent.strictness import Strictness
from tests.conftest import synthetic_part
from tests.scripted_mllm import FakeScorer, FakeWriter, MllmDecider

DATASET, LABEL = "Zanzibar", "wombat"
PRODUCTS = ("quokka", "numbat")
OPTIONS = {"A": "Top left.", "B": "Bottom right.", "C": "Centre.", "D": "Left."}


def turn(question, options, answer, subtask):
    return {"Question": question, "Options": options, "Answer": answer, "type": subtask}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Two products with two templates, a good and a defective photograph each; folder names that no word resembles."""
    root = tmp_path_factory.mktemp("root")
    entries = {}
    for shift, product in enumerate(PRODUCTS):
        templates = [f"{DATASET}/{product}/train/good/template{number}.png" for number in range(2)]
        size = (192, 144) if shift == 0 else (144, 192)
        for number, path in enumerate(templates):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            synthetic_part(10 * shift + number, size=size).save(root / path)
        for number, kind in enumerate(("good", LABEL)):
            path = f"{DATASET}/{product}/test/{kind}/xylem{number}.png"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            synthetic_part(50 + shift, defect=kind == LABEL, size=size).save(root / path)
            entries[path] = {
                "random_templates": templates,
                "similar_templates": templates[::-1],
                "conversation": [
                    turn(
                        "Is there any defect in the object?",
                        {"A": "Yes.", "B": "No."},
                        "BA"[number],
                        "Anomaly Detection",
                    ),
                    turn("Where is the defect?", OPTIONS, "C", "Defect Localization"),
                    turn(
                        "What is the type of the defect?",
                        {"A": "Scratch.", "B": "Hole."},
                        "A",
                        "Defect Classification",
                    ),
                ],
            }
    (root / "mmad.json").write_text(json.dumps(entries))
    return root


@pytest.fixture
def scripted(monkeypatch):
    """Puts a scripted model in the place of every model; gives its scorer and its writer."""
    scorer, writer = FakeScorer(0.5), FakeWriter("no json")
    decider = MllmDecider(scorer, writer)
    monkeypatch.setattr("echo_agent.resources.open_decider", lambda *_: decider)
    return scorer, writer


class Recorder:
    """Runs a graph step by step and keeps every state."""

    def __init__(self, graph):
        self.graph, self.states = graph, []

    def invoke(self, state, config, *, context, output_keys):
        self.states += list(self.graph.stream(state, config, context=context, stream_mode="values"))
        return self.states[-1][output_keys]


def opened(bench, out, **changes):
    knowledge = changes.pop("knowledge", None)
    run = MmadRun.open(bench, out, RunSettings(mllm="fake/scripted", **changes), knowledge=knowledge)
    run.check()
    run.prepare()
    return run


def seen_by(run, scripted):
    """All that experts and model were shown, in one text."""
    scorer, writer = scripted
    recorder = getattr(getattr(run._ask, "_inspector", None), "graph", None)
    states = recorder.states if recorder is not None else []
    prompts = [(prompt.content, prompt.questions) for prompt in scorer.prompts]
    return "\n".join(str(item) for item in (*states, *prompts, *writer.read))


@pytest.mark.parametrize(
    ("profile", "references", "knowledge"),
    [
        ("adaptive", "random", False),
        ("adaptive", "similar", True),
        ("paper", "random", True),
        ("bare", "random", False),
    ],
)
def test_no_prompt_and_no_state_tells_a_path_or_a_label(
    bench, tmp_path, scripted, profile, references, knowledge
):
    if knowledge:
        text = {"good": "An even plate.", LABEL: "A dark line.", "dent": "A hollow."}
        source = tmp_path / "known.json"
        source.write_text(json.dumps({DATASET: dict.fromkeys(PRODUCTS, text)}))
    run = opened(
        bench,
        tmp_path / "run",
        profile=profile,
        references=references,
        knowledge=source if knowledge else None,
        experts=("reference", "knowledge", "reasoning"),
    )
    if profile != "bare":
        run._ask._inspector.graph = Recorder(run._ask._inspector.graph)
    result = run.ask_all()
    assert result.questions == 12
    assert result.unreadable == 0
    seen = seen_by(run, scripted)
    assert "Where is the defect?" in seen
    for word in (DATASET, *PRODUCTS, "xylem", "template0", "test/", "train/", "mask"):
        assert word not in seen
    if knowledge and profile != "bare":
        assert "A dark line." in seen
    else:
        assert LABEL not in seen
        assert "/good" not in seen


def test_a_card_says_the_same_of_good_and_defective_photographs(bench, tmp_path, scripted):
    source = tmp_path / "known.json"
    source.write_text(
        json.dumps({DATASET: {"quokka": {"good": "Even.", LABEL: "A line.", "dent": "Hollow."}}})
    )
    run = opened(bench, tmp_path / "run", knowledge=source)
    recorder = run._ask._inspector.graph = Recorder(run._ask._inspector.graph)
    run.ask_all()
    cards = [state["knowledge"] for state in recorder.states if state.get("knowledge") is not None]
    assert len({card.model_dump_json(exclude={"tolerances", "card_file"}) for card in cards}) == 1
    assert len({state["request"].image.sha256 for state in recorder.states if state.get("knowledge")}) == 2


def test_a_memory_of_all_products_recognises_them(bench, tmp_path):
    run = MmadRun.open(bench, tmp_path / "run", RunSettings(references="memory", experts=("reference",)))
    run.check()
    run.ask_all()
    kept, answers = read_run(tmp_path / "run")
    assert kept.references == "memory"
    assert json.loads((tmp_path / "run" / "result.json").read_text())["questions"] == len(answers) == 12
    assert "Anomaly Detection" in (tmp_path / "run" / "summary.txt").read_text()
    assert answers[1].options == OPTIONS
    assert all(answer.product == answer.image.split("/")[1] for answer in answers if "/good/" in answer.image)


def test_without_a_folder_nothing_is_left_behind(bench, tmp_path, monkeypatch, echo):
    monkeypatch.chdir(tmp_path)
    code, out, err = echo("evaluate", "mmad", bench, "--limit", "2", "--min-confidence", "0.8", "--json")
    result = json.loads(out)
    assert (code, result["questions"]) == (0, 2)
    strictness = Strictness.model_validate(result["settings"]["strictness"])
    assert strictness.said_by("call") == {"min_confidence": 0.8}
    assert "nothing was kept" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("profile", ["bare", "paper"])
def test_a_real_checkpoint_answers_every_question(bench, tmp_path, tmp_path_factory, profile):
    from tests.tiny_checkpoints import FAMILIES

    folder = FAMILIES["qwen3_vl"](tmp_path_factory.mktemp("tiny"))
    run = MmadRun.open(bench, tmp_path / "run", RunSettings(mllm=str(folder), profile=profile, limit=4))
    run.check()
    result = run.ask_all()
    assert (result.questions, result.unreadable) == (4, 0)
    assert result.input_tokens > 0
    assert result.attempts_mean == 1
    assert all(answer.letter in OPTIONS for answer in read_run(tmp_path / "run")[1])


def started(bench, out, repository, quick):
    """A process that is slow after some answers: what is sent to it then finds it with others left."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.slowed",
            "echo_agent.evaluation.run_file:RunFile.add",
            str(quick),
            "evaluate",
            "mmad",
            str(bench),
            "--out",
            str(out),
            "--json",
        ],
        cwd=repository,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def comparable(folder):
    """The answers of a run: times are left out, confidences apart as their last digits depend on the threads."""
    answers = [
        answer.model_dump(exclude={"seconds", "evidence_seconds", "decision_seconds"})
        for answer in read_run(folder)[1]
    ]
    return answers, [answer.pop("confidence") for answer in answers]


def test_a_killed_process_goes_on_to_the_same_result(bench, tmp_path, repository):
    whole = MmadRun.open(bench, tmp_path / "whole")
    whole.check()
    expected = whole.ask_all()
    stopped = tmp_path / "stopped"
    process = started(bench, stopped, repository, 3)
    deadline = time.monotonic() + 300
    answers = stopped / "answers.jsonl"
    while time.monotonic() < deadline and not (answers.exists() and answers.read_bytes().count(b"\n") > 3):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    had = answers.read_bytes().count(b"\n") - 1
    assert 3 <= had < 12
    output, _ = started(bench, stopped, repository, 12).communicate(timeout=300)
    (line,) = output.decode().splitlines()
    assert json.loads(line)["accuracy"] == expected.accuracy
    (resumed, resumed_confidences), (straight, straight_confidences) = (
        comparable(stopped),
        comparable(tmp_path / "whole"),
    )
    assert resumed == straight
    assert resumed_confidences == pytest.approx(straight_confidences, abs=1e-4)
