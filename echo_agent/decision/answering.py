"""The answer to a question about a part, from the evidence or a model: for graph, conversation and benchmark."""

from echo_agent.answers.choice import in_words
from echo_agent.answers.engine import answer_measured
from echo_agent.answers.inspected import Inspected
from echo_agent.answers.question import classify, split_options
from echo_agent.context import Context
from echo_agent.decision.routing import evidence_for
from echo_agent.memory.memory import Memory
from echo_agent.state import Answer, ImageRef, Question, ReferenceEvidence, Verdict


def answer_from_evidence(
    question: Question, verdict: Verdict, image: ImageRef, context: Context, memory: Memory
) -> Answer:
    """Answers from the evidence of those experts alone that the run lets answer a question of this kind.

    Args:
        question: The question; its options may stand in its text.
        verdict: What was found of the part.
        image: Its photograph.
        context: The run's settings.
        memory: Keeps the part's anomaly map.
    """
    kind = classify(split_options(question)).kind
    use = evidence_for(context.profile, context.experts, kind)
    changes: dict[str, ReferenceEvidence | None] = {} if "knowledge" in use else {"knowledge": None}
    if "reference" not in use and verdict.evidence is not None:
        changes["evidence"] = _without_comparison(verdict.evidence)
    return answer_measured(question, Inspected.from_memory(verdict.model_copy(update=changes), image, memory))


def answer_of(
    question: Question, verdict: Verdict, image: ImageRef, context: Context, memory: Memory
) -> Answer | None:
    """The answer from the evidence, or what a language model answered; None where that failed.

    A model's choice that is contrary to the verdict, which joins its word with the evidence, says so. Arguments are
    those of ``answer_from_evidence``.
    """
    if verdict.answer is None and verdict.decided_by.name == "mllm":
        return None
    measured = answer_from_evidence(question, verdict, image, context, memory)
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


def _without_comparison(evidence: ReferenceEvidence) -> ReferenceEvidence:
    return ReferenceEvidence(
        product=evidence.product,
        product_given=evidence.product_given,
        matches=evidence.matches,
        quality=evidence.quality,
        memory_version=evidence.memory_version,
    )
