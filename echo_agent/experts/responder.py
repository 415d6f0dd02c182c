"""Responder: puts the verdict together, says it in words, and keeps a record of the inspection."""

from typing import Any

from langchain_core.messages import AIMessage

from echo_agent.answers.verdict import verdict_text
from echo_agent.decision.answering import answer_of
from echo_agent.decision.final import keep_record, make_verdict
from echo_agent.resources import Resources
from echo_agent.state import State, Verdict


def responder(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the verdict, answers the question where no language model did, writes one message, and the record.

    A part that waited for a person has its record; what the person said stands beside it.
    """
    verdict = make_verdict(state)
    if state.question is not None and state.image is not None:
        answer = answer_of(state.question, verdict, state.image, resources.context, resources.memory)
        verdict = verdict.model_copy(update={"answer": answer})
    if state.record_id is None:
        keep_record(state, verdict, resources)
    return {
        "verdict": verdict,
        "messages": [AIMessage(content=_in_words(verdict))],
        "timings": state.timings,
    }


def _in_words(verdict: Verdict) -> str:
    told = verdict_text(verdict)
    answer = verdict.answer.text if verdict.answer is not None else ""
    if answer in told:
        return told
    return answer if told in answer else f"{told}\n\n{answer}"
