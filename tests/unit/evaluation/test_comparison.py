import json

import pytest

from echo_agent.errors import DatasetError
from echo_agent.evaluation.comparison import as_markdown, compare_runs, plot, read_runs
from echo_agent.evaluation.mmad_run import ANSWERS_FILE, RunSettings
from echo_agent.evaluation.mmad_scoring import MmadAnswer
from echo_agent.evaluation.run_file import RunFile
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
    rows = compare_runs([("first", first), ("better", better), ("same", same)]).runs
    assert rows[0].figures["Defect Analysis"].value == 0.5
    assert rows[0].differences == {}
    gain = rows[1].differences["Defect Analysis"]
    assert gain.value == pytest.approx(0.25)
    assert 0 < gain.low < 0.25 < gain.high
    level = rows[2].differences["Defect Analysis"]
    assert (level.value, level.low, level.high) == (0, 0, 0)


def test_markdown_has_a_row_a_run_and_one_for_each_difference():
    found = compare_runs([("first", run(lambda n: n % 2)), ("second", run(lambda n: True))])
    lines = unpadded(as_markdown(found)).splitlines()
    assert lines[0] == "| run | unreadable | timed out | guessed | Defect Analysis | Average |"
    assert lines[2].startswith("| first | 0 | 0 | 0 | 50.0 [")
    assert lines[4].startswith("| second − first | | | | +50.0 [")
    assert lines[6].startswith("n = 40 questions on 40 images")
    assert len(json.loads(found.model_dump_json())["runs"]) == 2


def test_intervals_are_wilsons_and_all_right_is_not_certain():
    (one,) = compare_runs([("first", run(lambda n: True, images=10))]).runs
    found = one.figures["Defect Analysis"]
    assert (found.value, found.high) == (1.0, pytest.approx(1.0))
    assert found.low == pytest.approx(0.7225, abs=1e-3)
    second = [a.model_copy(update={"number": 1}) for a in run(lambda n: True, 10, "Defect Description")]
    (both,) = compare_runs([("first", [*run(lambda n: True, 10), *second])]).runs
    assert 0.7225 < both.figures["Average"].low < 1


def test_what_is_left_out_unreadable_timed_out_or_guessed_is_counted():
    long = run(lambda n: True, images=50)
    late = {"letter": None, "error": "raise ECHO_MLLM_TIMEOUT", "timed_out": True}
    short = [
        *(answer.model_copy(update={"letter": None}) for answer in long[:2]),
        long[2].model_copy(update=late),
        long[3].model_copy(update={"guess": True}),
        *long[4:30],
    ]
    found = compare_runs([("long", long), ("short", short)])
    assert (found.questions, found.images) == (30, 30)
    first, second = found.runs
    assert (first.asked, first.left_out) == (50, 20)
    assert (second.unreadable, second.timed_out, second.guesses, second.left_out) == (2, 1, 1, 0)
    assert second.figures["Average"].value == pytest.approx(27 / 30)
    assert "long: 20 of 50 questions are left out, as another run did not ask them." in as_markdown(found)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_plot_is_written(tmp_path, suffix):
    plot(compare_runs([("first", run(lambda n: n % 2))]), tmp_path / f"plot{suffix}")
    assert (tmp_path / f"plot{suffix}").stat().st_size > 1000


@pytest.mark.parametrize("shared", [0, 9])
def test_runs_that_share_too_little_are_refused(shared):
    both = run(lambda n: True, images=60)
    with pytest.raises(DatasetError, match=rf"share {shared} questions .*a 30, b 20"):
        compare_runs([("a", both[:30]), ("b", both[30 - shared : 50 - shared])])


def test_runs_of_different_question_files_are_refused(tmp_path):
    def kept(name, digest):
        shared = {"mllm": "m", "revision": "1", "shots": 1, "references": "random", "profile": "paper"}
        settings = RunSettings(questions=digest, experts=(), limit=None, seed=0, **shared)
        RunFile(tmp_path / name / ANSWERS_FILE, settings, MmadAnswer)
        return tmp_path / name

    with pytest.raises(DatasetError, match=r"b was asked another mmad\.json than a"):
        read_runs([kept("a", "1"), kept("b", "2")])
