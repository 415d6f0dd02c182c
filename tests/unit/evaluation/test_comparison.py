import json

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.comparison import as_json, as_markdown, compare_runs, plot
from echo_agent.evaluation.mmad_scoring import MmadAnswer
from tests.tables import unpadded


def run(right, images=40, subtask="Defect Analysis"):
    return [
        MmadAnswer(
            image=f"M/x/test/cut/{n}.png",
            number=0,
            subtask=subtask,
            correct="A",
            letter="A" if right(n) else "B",
        )
        for n in range(images)
    ]


def test_a_clear_difference_has_an_interval_without_zero_and_no_difference_is_exactly_zero():
    first, better, same = run(lambda n: n % 2), run(lambda n: n % 4), run(lambda n: n % 2)
    rows = compare_runs([("first", first), ("better", better), ("same", same)])
    assert rows[0].figures["Defect Analysis"].value == 0.5
    assert rows[0].differences == {}
    gain = rows[1].differences["Defect Analysis"]
    assert gain.value == pytest.approx(0.25)
    assert 0 < gain.low < 0.25 < gain.high
    level = rows[2].differences["Defect Analysis"]
    assert (level.value, level.low, level.high) == (0, 0, 0)


def test_markdown_has_a_row_a_run_and_one_for_each_difference():
    rows = compare_runs([("first", run(lambda n: n % 2)), ("second", run(lambda n: True))])
    lines = unpadded(as_markdown(rows)).splitlines()
    assert lines[0] == "| run | Defect Analysis | Average |"
    assert lines[2].startswith("| first | 50.0 [")
    assert lines[4].startswith("| second − first | +50.0 [")
    assert len(json.loads(as_json(rows))["runs"]) == 2


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_plot_is_written(tmp_path, suffix):
    plot(compare_runs([("first", run(lambda n: n % 2))]), tmp_path / f"plot{suffix}")
    assert (tmp_path / f"plot{suffix}").stat().st_size > 1000


def test_runs_without_a_common_question_are_an_error():
    with pytest.raises(DatasetError, match="share no question"):
        compare_runs([("a", run(lambda n: True)), ("b", [])])
