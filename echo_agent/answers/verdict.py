"""The verdict, why, how sure, and what to do next, in sentences for a person at the line."""

from echo_agent.answers.inspected import Inspected
from echo_agent.answers.regions import standing
from echo_agent.state import Verdict
from echo_agent.state.notation import MEANING, at, calibrated, headline, percent

MAX_FINDINGS = 6
"""Findings of the card that are told at most."""


def verdict_answer(inspected: Inspected) -> str:
    """Says the verdict first, then why, then what stands out."""
    return verdict_text(inspected.verdict)


def verdict_text(verdict: Verdict) -> str:
    """The verdict in one paragraph: the label first, then why, then what stands out."""
    product = f"{verdict.product}: " if verdict.product is not None else ""
    label = MEANING[verdict.label] if verdict.label == "review" else headline(verdict)
    head = f"{product}{label}."
    reasons = _reasons(verdict)
    stands_out = _stands_out(verdict) if verdict.label != "normal" else []
    return " ".join([head, *reasons, *standing(verdict), *stands_out])


def _reasons(verdict: Verdict) -> list[str]:
    """The verdict's reasons without those that only repeat score and regions, which are told in words."""
    return [reason.text for reason in verdict.reasons if reason.kind not in {"score", "region"}]


def _stands_out(verdict: Verdict) -> list[str]:
    if not verdict.regions:
        return []
    named = ", ".join(f"{region.id} {at(region.place)}" for region in verdict.regions[:3])
    more = len(verdict.regions) - 3
    ids = ", ".join(region.id for region in verdict.regions[:3])
    return [f"What stands out: {named}{f' and {more} more' if more > 0 else ''} [{ids}]."]


def reasons_answer(inspected: Inspected) -> str:
    """Says why, one reason a line."""
    verdict = inspected.verdict
    heads = {
        "normal": "It is normal because:",
        "defective": "It is defective because:",
        "review": "A person should look because:",
    }
    told = [*_reasons(verdict), *standing(verdict), *_stands_out(verdict)]
    told += _by_the_card(verdict) if verdict.decided_by.name == "measured" else _reasoned(verdict)
    if len(verdict.attempts) > 1:
        told.append(
            f"I looked {len(verdict.attempts)} times, each time closer; /verdict lists what each gave."
        )
    told.append(_decided_by(verdict))
    return "\n".join([heads[verdict.label], *(f"- {one}" for one in told)])


def _by_the_card(verdict: Verdict) -> list[str]:
    """What the card's tolerances and checklist came to."""
    if verdict.knowledge is None:
        return []
    found = [(finding.id, finding.reason) for finding in verdict.knowledge.tolerances]
    found += [(finding.id, finding.reason) for finding in verdict.knowledge.checklist]
    return [f"{reason} [{identity}]" for identity, reason in found[:MAX_FINDINGS]]


def _reasoned(verdict: Verdict) -> list[str]:
    """What a language model weighed and concluded, and why that is not there."""
    trace = verdict.trace
    steps = trace.steps if trace is not None else ()
    missing = trace.instead_of if trace is not None else None
    told = [f"The language model wrote no steps, these are the measured ones: {missing}."] if missing else []
    return told + [
        f"{step.text.rstrip('.')} [{', '.join(step.evidence) or 'E1'}]."
        for step in steps
        if step.kind in {"weigh", "conclude"}
    ]


def _decided_by(verdict: Verdict) -> str:
    author = verdict.decided_by
    if verdict.human is not None and verdict.human.action != "photo":
        return f"A person decided: {verdict.human.who or 'no name given'}."
    if author.name == "measured":
        return "This was decided from measurements alone, without a language model."
    return f"This was decided by the language model {author.model} within the measured evidence."


def confidence_answer(inspected: Inspected) -> str:
    """Says how sure the verdict is, where the figure comes from, and what the references promise."""
    verdict = inspected.verdict
    if verdict.label == "review":
        told = [
            f"Not sure enough to decide: the likelier of normal and defective has {percent(verdict.confidence)}, "
            f"{calibrated(verdict)}."
        ]
    else:
        told = [
            f"I am {percent(verdict.confidence)} sure ({calibrated(verdict)}) that it is {verdict.label}."
        ]
    told.append(
        "This figure was fitted on labelled parts."
        if verdict.confidence_calibrated
        else "This figure is an estimate from the good parts alone: it was not fitted on labelled parts."
    )
    told += standing(verdict)
    guarantee = verdict.guarantee
    if (
        guarantee is not None
        and guarantee.expected_false_reject is not None
        and guarantee.bound_95 is not None
    ):
        told.append(
            f"With {guarantee.normals} good parts to compare with, expect {percent(guarantee.expected_false_reject)} "
            f"of good parts to be called defective by mistake, at most {percent(guarantee.bound_95)} (with 95 % "
            "confidence)."
        )
    if guarantee is not None and guarantee.normals_missing:
        told.append(f"{guarantee.normals_missing} more photographs of good parts would make the limit firm.")
    return " ".join(told)


def next_step_answer(inspected: Inspected) -> str:
    """Says what to do with the part, as far as that follows from the verdict."""
    verdict = inspected.verdict
    if verdict.label == "normal":
        return f"By what was measured it may pass ({headline(verdict)}) [E1]. The decision is yours."
    ids = ", ".join(region.id for region in verdict.regions[:3])
    where = (
        f"Look at {ids} first ('where?', /map) [{ids}]."
        if ids
        else "Compare it with the reference (/map) [E1]."
    )
    if verdict.label == "review":
        return f"Let a person look at it before it goes on: I could not decide. {where}"
    return f"Set it aside: {headline(verdict)}. {where} Whether it is scrap or rework is for you to decide."


def product_answer(inspected: Inspected) -> str:
    """Says which product it was compared with, and whether that was told or found out."""
    verdict = inspected.verdict
    if verdict.product is None:
        return "It resembles no product that is registered here. Name it with /product, or register it."
    how = "as you said" if verdict.product_given else "found out from the references"
    version = (
        f", version {verdict.memory_version} of its references" if verdict.memory_version is not None else ""
    )
    return f"It was compared with {verdict.product} ({how}{version}) [E1]."
