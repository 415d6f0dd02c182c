"""The Decision Maker over a scripted model: memory, traces, questions."""

import json

import pytest

from echo_agent.errors import AnswerError, ModelMemoryError
from echo_agent.mllm.case import Case
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.prompts import wordings
from echo_agent.mllm.scoring import average
from echo_agent.state import Question
from tests.scripted_mllm import FAKE, FakeScorer, FakeWriter, fake_decider
from tests.unit.mllm.test_delimiters_and_prompts import hostile_case, image


def test_out_of_memory_is_tried_once_with_half_the_pixels():
    decider = fake_decider(ModelMemoryError("full"), 0.8)
    decision = decider.decide(Case(image=image(), max_pixels=1000))
    assert decision.defective == 0.8
    assert [prompt.max_pixels for prompt in decider._scorer.prompts] == [1000, 500]
    assert "500 pixels" in decision.notes[0]


def test_out_of_memory_twice_is_told():
    decider = fake_decider(ModelMemoryError("full"))
    with pytest.raises(ModelMemoryError):
        decider.decide(Case(image=image()))
    assert len(decider._scorer.prompts) == 2


def test_a_batch_is_scored_at_once_and_one_by_one_when_it_does_not_fit():
    scorer = FakeScorer(0.3)
    cases = [Case(image=image()), Case(image=image("other"))]
    assert [d.defective for d in MllmDecider(scorer, FakeWriter("")).decide_many(cases)] == [0.3, 0.3]
    assert len(scorer.orders) == 1
    scorer = FakeScorer(ModelMemoryError("full"), 0.3, 0.4)
    assert [d.defective for d in MllmDecider(scorer, FakeWriter("")).decide_many(cases)] == [0.3, 0.4]


def test_a_decision_answers_closed_questions_and_names_the_defect_type():
    decision = fake_decider(0.9).decide(hostile_case())
    assert decision.answer.letter == "A"
    assert decision.answer.confidence == 0.8
    assert max(decision.defect_types, key=decision.defect_types.get) != "scratch"
    assert decision.decided_by == FAKE
    assert decision.input_tokens == 100
    for part in (f"[photograph {hostile_case().image.sha256}]", "You inspect parts", "scratch"):
        assert part in decision.prompt


def test_an_open_question_is_answered_in_words_and_counted():
    decider = fake_decider(0.9, writer=FakeWriter("A scratch."))
    decision = decider.decide(Case(image=image(), question=Question(text="What is it?")))
    assert decision.answer.text == "A scratch."
    assert (decision.input_tokens, decision.output_tokens) == (150, 5)


def test_an_empty_answer_is_no_answer():
    decider = fake_decider(0.9, writer=FakeWriter(" "))
    with pytest.raises(AnswerError):
        decider.decide(Case(image=image(), question=Question(text="What is it?")))


GOOD = json.dumps({"steps": [{"kind": "observe", "text": "A dark line.", "evidence": ["R1", "T1"]}]})


@pytest.mark.parametrize("text", [GOOD, f"Here it is:\n```json\n{GOOD}\n```"])
def test_a_trace_is_read(text):
    trace = fake_decider(0.5, writer=FakeWriter(text)).reason(hostile_case())
    assert trace.steps[0].evidence == ("R1", "T1")
    assert trace.written_by == "fake/scripted"


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "{",
        '{"steps": }',
        '{"steps": []}',
        GOOD.replace("observe", "guess"),
        GOOD.replace("R1", "R9"),
        GOOD.replace('"text"', '"label": "normal", "text"'),
    ],
)
def test_a_faulty_trace_is_repaired_once_and_then_refused(text):
    writer = FakeWriter(text, GOOD)
    assert fake_decider(0.5, writer=writer).reason(hostile_case()).steps
    assert len(writer.read) == 2
    with pytest.raises(AnswerError):
        fake_decider(0.5, writer=FakeWriter(text)).reason(hostile_case())


def test_scores_that_are_not_finite_are_refused():
    prompt_question = hostile_case()
    from echo_agent.mllm.prompts import case_prompt

    wording = wordings(case_prompt(prompt_question).questions[0], 1)[0]
    with pytest.raises(AnswerError, match="not finite"):
        average([(wording, [float("nan"), 0.0])])


def test_a_liking_for_a_letter_cancels_out():
    from echo_agent.mllm.prompts import case_prompt

    shown = wordings(case_prompt(hostile_case()).questions[0], 2)
    probabilities = average([(wording, [0.0, -4.0]) for wording in shown])["verdict"]
    assert probabilities["normal"] == pytest.approx(0.5)
