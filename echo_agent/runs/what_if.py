"""What another false-reject rate would have said of the last inspections of a product, from their evidence."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from echo_agent.decision.measured import decide_measured
from echo_agent.knowledge.verdict_effect import verdict_effect
from echo_agent.memory import calibration
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.report.words import counted_normals
from echo_agent.state import Guarantee, Label, ReferenceEvidence, Value, Verdict, VerdictEffect
from echo_agent.state.notation import counted, percent
from echo_agent.strictness import Strictness, StrictnessSettings

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

MAX_INSPECTIONS = 1000
"""Newest inspections of a product that are decided again."""


class Change(Value):
    """An inspection that another rate would have decided otherwise.

    Attributes:
        id: The inspection.
        called: What its photograph is called.
        when: Its time, ISO 8601.
        before: What Echo said.
        after: What it would have said.
    """

    id: str
    called: str
    when: str
    before: Label
    after: Label


class WhatIf(Value):
    """What a false-reject rate promises, and what it would have changed.

    Attributes:
        product: The product.
        max_false_reject: The rate.
        threshold: Its threshold at the first look; None while uncalibrated.
        guarantee: What the references allow to promise of it.
        decided: Inspections that were decided again.
        left_out: Inspections that cannot be, as more than the evidence decided them, such as a language model.
        changes: Those that it would have decided otherwise, newest first.
    """

    product: str
    max_false_reject: float
    threshold: float | None
    guarantee: Guarantee
    decided: int
    left_out: int
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        """What it promises and what it would have changed, in sentences."""
        words = [f"At {100 * self.max_false_reject:g} % false rejects: {self.promise}."]
        if not self.decided:
            words.append(f"No inspection of {self.product} is recorded that it could be tried on.")
        elif not self.changes:
            words.append(f"Of the last {counted(self.decided, 'inspection')} it would have changed no label.")
        else:
            told = ", ".join(f"{count} from {old} to {new}" for (old, new), count in self.counts.items())
            labels = counted(len(self.changes), "label")
            words.append(
                f"Of the last {counted(self.decided, 'inspection')} it would have changed {labels}: {told}."
            )
        if self.left_out:
            words.append(
                f"{counted(self.left_out, 'inspection')} more cannot be tried: more than the evidence decided them."
            )
        return " ".join(words)

    @property
    def promise(self) -> str:
        """What the references promise of it, a clause; that nothing can be promised where they are too few."""
        promised, missing = self.guarantee, self.guarantee.normals_missing
        if promised.expected_false_reject is None or promised.bound_95 is None or missing:
            more = counted(missing, "more reference")
            return f"nothing can be promised from {counted_normals(promised)}; it needs {more}"
        return (
            f"{percent(promised.expected_false_reject)} of good parts are expected to be called defective, at most "
            f"{percent(promised.bound_95)} with 95 % confidence ({counted_normals(promised)})"
        )

    @cached_property
    def counts(self) -> dict[tuple[Label, Label], int]:
        """How many labels would have changed from what to what, the most frequent first."""
        return dict(Counter((change.before, change.after) for change in self.changes).most_common())


def what_if(
    memory: "Memory",
    product: str,
    max_false_reject: float,
    inspected: Sequence[InspectionRecord] | None = None,
) -> WhatIf:
    """Says what a false-reject rate promises, and decides the last inspections of a product again with it.

    They are decided from the evidence of their last look: a further look that the rate would have asked for is not
    taken.

    Args:
        memory: The memory.
        product: The product.
        max_false_reject: The rate, between 0 and 1.
        inspected: Its inspections, newest first; the last ``MAX_INSPECTIONS`` where not given.

    Raises:
        ProductError: The product is unknown.
        SettingsError: The rate is not between 0 and 1.
        StoreError: A record cannot be read.
    """
    rate = StrictnessSettings().changed([f"max_false_reject={max_false_reject}"], ()).max_false_reject or 0.0
    record = memory.product(product)
    if inspected is None:
        inspected = memory.inspections.newest(MAX_INSPECTIONS, record.name)
    normals = memory.normal_scores(record.name)
    changes, left_out = [], 0
    for inspection in inspected:
        before = own_label(inspection.verdict)
        after = decided_again(inspection.verdict, rate)
        if after is None:
            left_out += 1
        elif after != before:
            changes.append(
                Change(
                    id=inspection.id,
                    called=inspection.called,
                    when=inspection.when,
                    before=before,
                    after=after,
                )
            )
    return WhatIf(
        product=record.name,
        max_false_reject=rate,
        threshold=calibration.threshold(normals, rate),
        guarantee=calibration.guarantee(max(1, len(normals)), rate, record.normals),
        decided=len(inspected) - left_out,
        left_out=left_out,
        changes=tuple(changes),
    )


def own_label(verdict: Verdict) -> Label:
    """What Echo said, before a person did."""
    return verdict.attempts[-1].label if verdict.human is not None and verdict.attempts else verdict.label


def decided_again(verdict: Verdict, max_false_reject: float) -> Label | None:
    """The label of a verdict at another false-reject rate.

    Returns:
        The label; None where the evidence alone did not decide, so that it does not tell.
    """
    evidence = verdict.evidence
    if evidence is None or not verdict.attempts:
        return None
    used, known = verdict.attempts[-1], verdict.knowledge
    by = used.decided_by.name if used.decided_by is not None else "measured"
    effect = VerdictEffect()
    if known is not None:
        effect = verdict_effect(evidence.regions, known.tolerances, known.checklist)
    if by != "measured" or _label(evidence, effect) != own_label(verdict):
        return None
    return _label(_at_rate(evidence, max_false_reject), effect)


def _label(evidence: ReferenceEvidence, effect: VerdictEffect) -> Label:
    return decide_measured(evidence, number=1, changed="", effect=effect).label


def _at_rate(evidence: ReferenceEvidence, rate: float) -> ReferenceEvidence:
    """The same evidence with the threshold of another rate.

    A score exceeds the k-th largest of n normals exactly where its p-value is at most ``k / (n + 1)``, so the normals
    need not be known. Where the threshold itself is not that of the record, it is put so that the score exceeds it or
    does not, and never by far.
    """
    promised, score, limit, p_value = evidence.guarantee, evidence.score, evidence.threshold, evidence.p_value
    if promised is None or score is None or limit is None or p_value is None:
        return evidence
    normals, then = promised.normals, evidence.strictness.max_false_reject
    if calibration.rank(normals, rate) != calibration.rank(normals, then):
        stands_out = p_value <= calibration.rank(normals, rate) / (normals + 1) + 1e-9
        limit = math.nextafter(score, -math.inf) if stands_out else max(score, limit)
    strictness: Strictness = evidence.strictness.model_copy(update={"max_false_reject": rate})
    return evidence.model_copy(
        update={
            "threshold": limit,
            "strictness": strictness,
            "guarantee": calibration.guarantee(normals, rate, promised.photographs),
        }
    )
