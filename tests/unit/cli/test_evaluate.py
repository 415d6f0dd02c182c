import json

import pytest
from typer.testing import CliRunner

from echo_agent.cli.evaluate import app
from echo_agent.errors import DatasetError
from echo_agent.settings import process_settings
from tests.unit.evaluation.fake_inspector import FakeInspector
from tests.unit.evaluation.photographs import write_mvtec_category


@pytest.fixture
def run_folder(monkeypatch, tmp_path):
    """Runs ``evaluate folder`` on a small category with the fake in the place of the Inspector."""
    monkeypatch.setattr("echo_agent.cli.evaluate.open_inspector", lambda memory, *_: FakeInspector(memory))
    category = write_mvtec_category(tmp_path / "plate")
    return lambda *options, **how: CliRunner().invoke(app, ["folder", str(category), *options], **how)


def test_json_is_one_object_on_one_line_and_nothing_else(run_folder):
    result = run_folder("--shots", "3", "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout)["category"] == "plate"


def test_without_json_the_figures_are_read_by_a_person(run_folder):
    result = run_folder("--shots", "3")
    assert "image_auroc" in result.stdout
    assert "{" not in result.stdout


def test_fewer_normals_than_shots_is_said_on_standard_error(run_folder):
    result = run_folder("--shots", "9", "--json")
    assert json.loads(result.stdout)["shots"] == 4
    assert "4 normals, fewer than 9 shots" in result.stderr
    assert (
        "plate: 4 good photographs to learn from; tests: 2 good, 3 defective, 2 of them with masks"
        in result.stderr
    )


def test_a_run_is_kept_where_it_is_told_to_be_and_nowhere_else(run_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_folder("--shots", "3", "--profile", "never", "--experts", "reference").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["plate"]
    first = run_folder("--shots", "3", "--out", "run", "--json")
    assert len((tmp_path / "run" / "photographs.jsonl").read_text().splitlines()) == 6
    again = run_folder("--shots", "3", "--out", "run", "--json")
    assert json.loads(again.stdout)["aupro"] == json.loads(first.stdout)["aupro"]
    with pytest.raises(DatasetError, match=r"other settings \(profile\)"):
        run_folder("--out", "run", "--profile", "always", catch_exceptions=False)


def test_a_run_that_was_begun_less_strict_is_not_gone_on_with(run_folder, tmp_path, monkeypatch):
    assert run_folder("--out", str(tmp_path / "run")).exit_code == 0
    monkeypatch.setenv("ECHO_MAX_FALSE_REJECT", "0.3")
    process_settings.cache_clear()
    for option in ((), ("--min-confidence", "0.8"), ("--max-escape", "0.2")):
        ran = run_folder("--out", str(tmp_path / "run"), *option)
        assert isinstance(ran.exception, DatasetError)
        assert "other settings (strictness)" in str(ran.exception)


def test_what_is_said_of_strictness_reaches_the_inspector(run_folder, monkeypatch):
    contexts = []

    def opened(memory, encoder, mllm, context):
        contexts.append(context)
        return FakeInspector(memory)

    monkeypatch.setattr("echo_agent.cli.evaluate.open_inspector", opened)
    assert run_folder("--max-false-reject", "0.3", "--min-confidence", "0.8").exit_code == 0
    assert (contexts[0].max_false_reject, contexts[0].min_confidence) == (0.3, 0.8)


def test_several_categories_and_seeds_are_one_object_with_a_mean(run_folder, tmp_path):
    other = write_mvtec_category(tmp_path / "disc")
    result = run_folder(str(other), "--shots", "2,3", "--seeds", "0-1", "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert [(row["category"], row["shots"], row["seed"]) for row in found["rows"]] == [
        (category, shots, seed) for category in ("plate", "disc") for shots in (2, 3) for seed in (0, 1)
    ]
    assert [(row["category"], row["shots"]) for row in found["means"]] == [("mean", 2), ("mean", 3)]
    assert found["summaries"][0]["figures"]["aupro_05"]["sd"] is not None


def test_several_categories_without_json_are_a_table_with_a_mean_row(run_folder, tmp_path):
    other = write_mvtec_category(tmp_path / "disc")
    lines = run_folder(str(other), "--shots", "3").stdout.splitlines()
    assert [line.split(" | ")[0].rstrip() for line in lines[2:5]] == ["| plate", "| disc", "| mean"]


def test_shots_that_are_no_number_are_wrong_usage(run_folder):
    assert run_folder("--shots", "four").exit_code == 2
