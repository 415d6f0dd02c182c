import importlib
import json
import sys

import pytest

from tests.unit.evaluation.photographs import write_mvtec_category

PROGRAMS = (
    *(
        "ablation",
        "areas",
        "calibration",
        "conversation",
        "evidence",
        "inspections",
        "lots",
        "mllm",
        "one_shot",
    ),
    *(
        "patchcore",
        "quality",
        "queueing",
        "report",
        "run",
        "server",
        "service",
        "tiles",
        "verdicts",
        "watch",
        "workers",
    ),
)


@pytest.fixture
def run(capsys):
    """Runs a benchmark in this process; gives (exit code, stdout, stderr)."""

    def run(name, *arguments):
        program = importlib.import_module(f"benchmarks.{name}").app
        with pytest.raises(SystemExit) as ended:
            program([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_program_tells_what_it_measures(run, name):
    code, out, _ = run(name, "--help")
    assert code == 0
    assert "--json" in out


def test_patchcore_without_anomalib_names_the_extra(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "anomalib", None)
    code, out, err = run("patchcore", write_mvtec_category(tmp_path / "plate"), "--shots", "2,9")
    assert code == 1
    assert out == ""
    assert "plate has 4 normals: left out at 9 shots" in err
    assert "pip install 'echo-agent[compare]'" in err


@pytest.mark.parametrize(
    "name", ["ablation", "areas", "patchcore", "evidence", "calibration", "one_shot", "quality"]
)
def test_a_folder_without_categories_is_an_error_in_one_line(run, tmp_path, name):
    code, _, err = run(name, tmp_path)
    assert code == 1
    assert "holds no category" in err
    assert err.count("\n") == 1


def test_evidence_is_measured_on_one_category(run, tmp_path):
    for name in ("plate", "disc"):
        write_mvtec_category(tmp_path / name)
    code, _, err = run("evidence", tmp_path)
    assert code == 1
    assert "disc, plate" in err


def test_a_model_of_an_unknown_size_names_those_there_are(run):
    code, _, err = run("mllm", "--config", "Qwen9")
    assert code == 1
    assert "Qwen3-VL-8B" in err


def test_quality_is_a_table_a_number_of_references_or_one_line_of_json(run, tmp_path):
    folder = write_mvtec_category(tmp_path / "plate")
    _, out, _ = run("quality", folder, "--shots", "2,3", "--seeds", "1")
    assert [line for line in out.splitlines() if line.endswith("shots")] == ["2 shots", "3 shots"]
    _, out, _ = run("quality", folder, "--shots", "2,3", "--seeds", "1", "--json")
    assert out.count("\n") == 1
    assert [row["shots"] for row in json.loads(out)] == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("benchmark", "one-shot", "parts"), "python -m benchmarks.one_shot"),
        (("benchmark",), "python -m benchmarks.NAME"),
        (("evaluate", "areas", "parts"), "python -m benchmarks.areas"),
    ],
)
def test_the_command_line_says_where_the_benchmarks_went(echo, arguments, place):
    code, out, err = echo(*arguments)
    assert (code, out) == (2, "")
    assert err.endswith(f"{place}\n")
    assert err.count("\n") == 1
