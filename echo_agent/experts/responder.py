"""Responder: puts the verdict together, says it in words, and keeps a record of the inspection."""

from typing import Any

from langchain_core.messages import AIMessage

from echo_agent.answers.choice import in_words
from echo_agent.answers.question import classify, split_options
from echo_agent.answers.verdict import verdict_text
from echo_agent.decision.answering import answer_from_evidence
from echo_agent.decision.final import keep_record, make_verdict
from echo_agent.resources import Resources
from echo_agent.state import Answer, ImageRef, Question, State, Verdict


def responder(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the verdict, answers the question where no language model did, writes one message, and the record.

    A part that waited for a person has its record; what the person said stands beside it.
    """
    verdict = make_verdict(state)
    if state.question is not None and state.image is not None:
        answer = _answer(state.question, state.image, verdict, resources)
        verdict = verdict.model_copy(update={"answer": answer})
    if state.record_id is None:
        keep_record(state, verdict, resources)
    return {
        "verdict": verdict,
        "messages": [AIMessage(content=_in_words(verdict))],
        "timings": state.timings,
    }


def _answer(question: Question, image: ImageRef, verdict: Verdict, resources: Resources) -> Answer | None:
    """The answer from the evidence, or what a language model answered; None where that failed.

    A model's choice that is contrary to the verdict, which joins its word with the evidence, says so.
    """
    if verdict.answer is None and verdict.decided_by.name == "mllm":
        return None
    measured = answer_from_evidence(question, verdict, image, resources.context, resources.memory)
    if verdict.answer is None:
        return measured
    said = in_words(verdict.answer, question)
    asked = classify(split_options(question)).intent
    if asked != "verdict" or None in {said.letter, measured.letter}:
        return said
    text = said.text.rstrip(".")
    if said.letter != measured.letter:
        text = f"{text}. That is the model's word alone; by the verdict it is {measured.text}"
    elif verdict.label == "review":
        text = f"{text}, which is not enough to decide: a person should look."
    return said.model_copy(update={"text": text})


def _in_words(verdict: Verdict) -> str:
    told = verdict_text(verdict)
    answer = verdict.answer.text if verdict.answer is not None else ""
    if answer in told:
        return told
    return answer if told in answer else f"{told}\n\n{answer}"
