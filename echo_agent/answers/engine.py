"""Answers without a language model: from the evidence, the card and the regions, or a plain "I cannot tell"."""

from collections.abc import Callable

from echo_agent.answers.card import (
    checklist_answer,
    effect_answer,
    good_look_answer,
    tolerance_answer,
    type_answer,
)
from echo_agent.answers.choice import choose
from echo_agent.answers.inspected import Inspected
from echo_agent.answers.language import DECLINED
from echo_agent.answers.question import Intent, classify, split_options
from echo_agent.answers.regions import (
    comparison_answer,
    count_answer,
    look_answer,
    place_answer,
    size_answer,
)
from echo_agent.answers.verdict import (
    confidence_answer,
    next_step_answer,
    product_answer,
    reasons_answer,
    verdict_answer,
)
from echo_agent.answers.what_if import limit_in, what_if_limit
from echo_agent.answers.yes_or_no import is_about_a_place, yes_means
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
        The answer, with the ids of the evidence in brackets; declined, in words, where nothing measured can answer it
        or it is not understood.
    """
    split = split_options(question)
    asked = classify(split)
    if asked.language != "English":
        return Answer(text=DECLINED[asked.language], declined=True)
    if split.options:
        return choose(split, asked, inspected)
    if asked.intent == "limit":
        return Answer(text=what_if_limit(limit_in(split.text) or "", inspected))
    write = _WRITERS.get(asked.intent)
    if write is None:
        return Answer(
            text=f"I cannot answer that from what was measured; a language model could (--mllm). {CAN}",
            declined=True,
        )
    if asked.intent != "verdict":
        return Answer(text=write(inspected))
    return Answer(
        text=f"{_yes_or_no(split, inspected)}{write(inspected)}", confidence=inspected.verdict.confidence
    )


def _yes_or_no(question: Question, inspected: Inspected) -> str:
    """The particle that answers a question about the part; none where Yes and No would say more than the verdict."""
    said, label = yes_means(question.text), inspected.verdict.label
    if said is None or label == "review":
        return ""
    if label == "defective" and (said.typed or is_about_a_place(question.text)):
        return ""
    return "Yes. " if said.side == label else "No. "


def _help(_: Inspected) -> str:
    return CAN


def _courtesy(_: Inspected) -> str:
    return f"I am here for this part. {CAN}"


_WRITERS: dict[Intent, Callable[[Inspected], str]] = {
    "tolerance": tolerance_answer,
    "size": size_answer,
    "place": place_answer,
    "look": look_answer,
    "comparison": comparison_answer,
    "confidence": confidence_answer,
    "reasons": reasons_answer,
    "pieces": checklist_answer,
    "count": count_answer,
    "type": type_answer,
    "effect": effect_answer,
    "next step": next_step_answer,
    "product": product_answer,
    "good look": good_look_answer,
    "verdict": verdict_answer,
    "help": _help,
    "courtesy": _courtesy,
}
