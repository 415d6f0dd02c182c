"""Answers without a language model: from the evidence, the card and the regions, or a plain "I cannot tell"."""

from collections.abc import Callable

from echo_agent.answers.card import (
    tell_checklist,
    tell_effect,
    tell_normal_look,
    tell_tolerance,
    tell_type,
)
from echo_agent.answers.inspected import Inspected
from echo_agent.answers.intent import Intent, intent_of, limit_in
from echo_agent.answers.options import choose_option, split_options
from echo_agent.answers.regions import tell_comparison, tell_count, tell_place, tell_size
from echo_agent.answers.verdict import (
    tell_confidence,
    tell_next_step,
    tell_product,
    tell_reasons,
    tell_verdict,
)
from echo_agent.answers.what_if import what_if_limit
from echo_agent.state import Answer, Question

CAN = (
    "Ask me for the verdict, where it is, how big it is, how it compares with the reference, whether it is within "
    "tolerance, what another limit would mean (what if the limit were 3 mm, or 2 %), why, how sure I am, or what to "
    "do next."
)


def answer_measured(question: Question, inspected: Inspected) -> Answer:
    """Answers a question from the evidence.

    Args:
        question: The question; its options may stand in its text.
        inspected: What it is about.

    Returns:
        The answer, with the ids of the evidence in brackets; declined where nothing measured can answer it.
    """
    split = split_options(question)
    if split.options:
        return choose_option(split, inspected.verdict)
    asked = intent_of(split.text)
    if asked == "limit":
        return Answer(text=what_if_limit(limit_in(split.text) or "", inspected))
    write = _WRITERS.get(asked)
    if write is None:
        return Answer(
            text=f"I cannot answer that from what was measured, and no language model is set (--mllm). {CAN}",
            declined=True,
        )
    text = write(inspected)
    return Answer(text=text, confidence=inspected.verdict.confidence if asked == "verdict" else None)


def _help(_: Inspected) -> str:
    return CAN


def _courtesy(_: Inspected) -> str:
    return f"I am here for this part. {CAN}"


_WRITERS: dict[Intent, Callable[[Inspected], str]] = {
    "tolerance": tell_tolerance,
    "size": tell_size,
    "place": tell_place,
    "comparison": tell_comparison,
    "confidence": tell_confidence,
    "reasons": tell_reasons,
    "pieces": tell_checklist,
    "count": tell_count,
    "type": tell_type,
    "effect": tell_effect,
    "next step": tell_next_step,
    "product": tell_product,
    "good look": tell_normal_look,
    "verdict": tell_verdict,
    "help": _help,
    "courtesy": _courtesy,
}
