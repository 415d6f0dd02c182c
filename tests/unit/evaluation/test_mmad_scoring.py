import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo_agent.evaluation.mmad_scoring import (
    MmadAnswer,
    accuracy,
    detection_figures,
    published_script,
    read_letter,
)

OPTIONS = {"A": "Scratch", "B": "Broken edge", "C": "Dent", "D": "No defect"}
SUBTASKS = ["Anomaly Detection", "Defect Localization", "Object Structure", "Object Details"]
PATHS = ["DS-MVTec/bottle/image/good/0.png", "DS-MVTec/bottle/image/cut/1.png", "VisA/pcb1/test/bad/2.png"]

answers_strategy = st.lists(
    st.builds(
        MmadAnswer,
        image=st.sampled_from(PATHS),
        number=st.integers(0, 5),
        subtask=st.sampled_from(SUBTASKS),
        correct=st.sampled_from("AB"),
        letter=st.sampled_from(["A", "B", None]),
    ),
    min_size=1,
    max_size=30,
)


def counted_by_the_script(answers):
    """An independent count, written after the published script: a loop that removes from its own list."""
    records = [(a.image, a.subtask, a.correct, a.letter) for a in answers]
    totals, sides = {}, {}
    for record in records:
        image, subtask, correct, letter = record
        dataset = "MVTec-AD" if image.startswith(("DS-MVTec/", "MVTec-AD/")) else image.split("/")[0]
        subtask = "Object Analysis" if subtask in ("Object Structure", "Object Details") else subtask
        if letter not in list("ABCDE"):
            records.remove(record)
            continue
        total = totals.setdefault((dataset, subtask), [0, 0])
        total[0] += correct == letter
        total[1] += 1
        if subtask == "Anomaly Detection":
            side = sides.setdefault((dataset, "good" in image), [0, 0])
            side[0] += correct == letter
            side[1] += 1
    table = {}
    for (dataset, subtask), (right, asked) in totals.items():
        share = right / asked
        if subtask == "Anomaly Detection":
            halves = [sides.get((dataset, good), [0, 0]) for good in (True, False)]
            share = sum(r / n if n else 0 for r, n in halves) / 2
        table.setdefault(dataset, {})[subtask] = share
    return table


@given(answers_strategy)
def test_the_published_scripts_count_is_matched_to_the_letter(answers):
    ours = published_script(answers)
    theirs = counted_by_the_script(answers)
    assert {dataset for dataset in ours if dataset != "average"} == set(theirs)
    for dataset, row in theirs.items():
        assert {k: v for k, v in ours[dataset].items() if k != "average"} == pytest.approx(row)
        assert ours[dataset]["average"] == pytest.approx(sum(row.values()) / len(row))


@given(answers_strategy)
def test_counting_unreadable_answers_wrong_never_raises_a_subtask(answers):
    strict, official = accuracy(answers, unparsable="wrong"), accuracy(answers)
    for dataset, row in official.items():
        if dataset != "average":
            for subtask, share in row.items():
                if subtask not in ("average", "Anomaly Detection"):
                    assert strict[dataset][subtask] <= share + 1e-12


def answer(image, correct, letter, subtask="Anomaly Detection"):
    return MmadAnswer(image=image, number=0, subtask=subtask, correct=correct, letter=letter)


def test_anomaly_detection_is_balanced():
    answers = [answer("Mini/x/test/good/1.png", "A", "A")]
    answers += [answer(f"Mini/x/test/cut/{n}.png", "B", "B" if n == 0 else "A") for n in range(4)]
    assert accuracy(answers)["Mini"]["Anomaly Detection"] == pytest.approx((1 + 0.25) / 2)
    figures = detection_figures(answers)["Mini"]
    assert (figures.recall, figures.precision) == (0.25, 1.0)
    assert figures.f1 == pytest.approx(0.4)
    assert (figures.overkill, figures.miss) == (0.0, 0.75)


def test_an_unreadable_answer_is_dropped_by_the_official_rule_and_wrong_by_ours():
    answers = [
        answer("M/x/test/cut/1.png", "B", None, "Defect Analysis"),
        answer("M/x/test/cut/2.png", "B", "B", "Defect Analysis"),
    ]
    assert accuracy(answers)["M"]["Defect Analysis"] == 1.0
    assert accuracy(answers, unparsable="wrong")["M"]["Defect Analysis"] == 0.5
    assert "M" not in published_script(answers)


def test_the_average_is_over_subtasks_and_then_over_datasets():
    answers = [
        answer("P/x/test/cut/1.png", "A", "A", "Defect Analysis"),
        answer("P/x/test/cut/2.png", "A", "B", "Object Structure"),
        answer("P/x/test/cut/2.png", "A", "A", "Object Details"),
        answer("Q/x/test/cut/1.png", "A", "B", "Defect Analysis"),
    ]
    table = accuracy(answers)
    assert table["P"] == {"Defect Analysis": 1.0, "Object Analysis": 0.5, "average": 0.75}
    assert table["average"]["average"] == pytest.approx((0.75 + 0.0) / 2)
    assert table["average"]["Defect Analysis"] == 0.5


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("B.", "B"),
        (" b ", "B"),
        ("(C)", "C"),
        ("Answer: D.", "D"),
        ("The answer is option c", "C"),
        ("B. Broken edge", "B"),
        ("broken edge", "B"),
        ("Dent.", "C"),
        ("", None),
        ("I cannot tell.", None),
        ("A or B", None),
        ("Answer: A. Or rather answer: B.", None),
        ("E", None),
        ("A dent is on the left", None),
        ("Bad", None),
    ],
)
def test_reading_a_letter(text, letter):
    assert read_letter(text, OPTIONS) == letter
