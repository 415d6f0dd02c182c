"""Which experts' evidence a question needs, and whether it is worth reasoning: the router's choice as a function."""

from collections.abc import Collection

from echo_agent.answers.question import ClassifiedQuestion, classify
from echo_agent.context import Expert, Profile
from echo_agent.state import Question, QuestionKind, Route

EXPERTS: tuple[Expert, ...] = ("reference", "knowledge", "reasoning")

PAPER: dict[QuestionKind, tuple[Expert, ...]] = {
    "discrimination": ("reference",),
    "type": ("reference", "knowledge"),
    "place": (),
    "look": ("reference", "knowledge", "reasoning"),
    "effect": ("reference", "reasoning"),
    "object": ("reference",),
    "other": ("reference",),
}
"""Experts by kind of question as the paper's authors released them (arXiv 2501.15795, MoXpert); they route no questions
about the object, which get the reference."""

REASONED: frozenset[QuestionKind] = frozenset({"type", "look", "effect", "other"})
"""Kinds of question that ``adaptive`` reasons about at once."""

CLEAR_P_VALUE = 0.25
"""From this p-value on a part looks like its references."""


def classified(question: Question | None) -> ClassifiedQuestion:
    """Reads the caller's question; a part without one is judged."""
    if question is None:
        return ClassifiedQuestion("discrimination", "verdict", "no question was asked")
    return classify(question)


def choose_route(
    profile: Profile,
    experts: Collection[Expert],
    asked: ClassifiedQuestion,
    *,
    p_value: float | None = None,
    attempts: int = 0,
    disagreement: bool = False,
) -> Route:
    """Chooses what the Decision Maker sees and whether the Reasoning Expert is asked before.

    Args:
        profile: ``paper`` follows the authors' table, ``always`` and ``never`` say it all, ``adaptive`` reasons when
            the question, a doubt or a contradiction calls for it.
        experts: Experts that take part at all.
        asked: What the question asks.
        p_value: p-value of the part's score among normal parts.
        attempts: Decisions made so far; a retry is always reasoned in ``adaptive``.
        disagreement: Whether the domain knowledge contradicts the comparison.

    Returns:
        The route with its reason.
    """
    use = evidence_for(profile, experts, asked.kind)
    if profile == "paper":
        why = f"{asked.why}: the paper's table gives it {', '.join(use) or 'the image alone'}"
        return _route("reasoning" in use, asked, use, why)
    if "reasoning" not in use:
        return _route(False, asked, use, "reasoning is switched off")
    if profile == "always":
        return _route(True, asked, use, "reasoning is always asked for")
    reasoned, why = _need(asked, p_value, attempts, disagreement)
    return _route(reasoned, asked, use, why)


def evidence_for(profile: Profile, experts: Collection[Expert], kind: QuestionKind) -> tuple[Expert, ...]:
    """Returns the experts whose evidence may decide and answer a question of a kind."""
    if profile == "paper":
        return _taking_part(PAPER[kind], experts)
    return _taking_part(("reference", "knowledge") if profile == "never" else EXPERTS, experts)


def _need(
    asked: ClassifiedQuestion, p_value: float | None, attempts: int, disagreement: bool
) -> tuple[bool, str]:
    if attempts:
        return True, "the attempt before was not sure enough"
    if disagreement:
        return True, "the domain knowledge and the comparison with the references disagree"
    if asked.kind in REASONED:
        return True, f"{asked.why}, which needs more than a look"
    if asked.kind in {"place", "object"}:
        return False, f"{asked.why}, which the image and its references answer"
    if p_value is not None and p_value > CLEAR_P_VALUE:
        return False, "the part looks like its references"
    return True, "the part does not clearly look like its references"


def _taking_part(wanted: Collection[Expert], experts: Collection[Expert]) -> tuple[Expert, ...]:
    return tuple(expert for expert in EXPERTS if expert in wanted and expert in experts)


def _route(reasoned: bool, asked: ClassifiedQuestion, use: tuple[Expert, ...], why: str) -> Route:
    return Route(next="reasoning_expert" if reasoned else "decision_maker", kind=asked.kind, use=use, why=why)
