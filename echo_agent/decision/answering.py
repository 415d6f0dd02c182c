"""The answer to a question about a part without a language model: for the graph, the conversation and the benchmark."""

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


def _without_comparison(evidence: ReferenceEvidence) -> ReferenceEvidence:
    return ReferenceEvidence(
        product=evidence.product,
        product_given=evidence.product_given,
        matches=evidence.matches,
        quality=evidence.quality,
        memory_version=evidence.memory_version,
    )
