"""What is left for a person, escapes and false rejects, from an ablation's rows: ``python -m benchmarks.verdicts``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer

from benchmarks.leave_one_out import AblationRow
from benchmarks.program import JsonOption, program, tell
from benchmarks.value_lines import read_values
from benchmarks.variants import BOTH, FIRST_ALONE
from echo_agent.decision.escalation import more_evidence_helps
from echo_agent.decision.measured import FAR_BEYOND, decide_measured
from echo_agent.errors import DatasetError
from echo_agent.memory import calibration
from echo_agent.report.table import markdown_rows
from echo_agent.state import Label, ReferenceEvidence, Value
from echo_agent.state.notation import percent
from echo_agent.strictness import Strictness

MULTIPLES = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, float("inf"))
"""Multiples of the threshold that are tried for ``FAR_BEYOND``."""


class Shares(Value):
    """What the verdicts of one product, or the mean of several, are.

    Attributes:
        product: Its name.
        review: Share of all parts that are left for a person.
        escapes: Share of the defective parts that are called normal.
        false_rejects: Share of the good parts that are called defective.
        asked: Share of all parts for which the second encoder is asked.
        far_beyond: Multiple of the threshold that the verdicts rest on where the references are too few.
    """

    product: str
    review: float
    escapes: float
    false_rejects: float
    asked: float = 0.0
    far_beyond: float = FAR_BEYOND


@dataclass(frozen=True)
class Part:
    """What is decided of one part.

    Attributes:
        defective: Its truth.
        alone: The verdict of the first look.
        asked: Whether the graph asks the second encoder after it.
        joint: The verdict by both encoders, without what lies far beyond the threshold.
        beyond: The joint score over the joint threshold.
    """

    defective: bool
    alone: Label
    asked: bool
    joint: Label
    beyond: float

    def retried(self, far_beyond: float) -> Label:
        """The verdict where the retry brings the second encoder.

        Args:
            far_beyond: Multiple of the threshold from which both settle what the references are too few to promise.
        """
        if not self.asked:
            return self.alone
        settled = self.joint == "review" and self.beyond > max(1.0, far_beyond)
        return "defective" if settled else self.joint


def decided(first: AblationRow, both: AblationRow) -> list[Part]:
    """What the Decision Maker makes of each part: of the first encoder's scores, and of the joint ones."""
    limit = calibration.threshold(both.normals, Strictness().max_false_reject)
    found = []
    for alone, together, defective in zip(first.scores, both.scores, first.defective, strict=True):
        label, asked = _verdict(first, alone, "second")
        joint, _ = _verdict(both, together, None)
        found.append(
            Part(
                defective=defective,
                alone=label,
                asked=asked,
                joint=joint,
                beyond=together / limit if limit else 0.0,
            )
        )
    return found


def _verdict(row: AblationRow, score: float, next_encoder: str | None) -> tuple[Label, bool]:
    """The Decision Maker's verdict of a score, and whether the graph looks again after it."""
    strictness = Strictness()
    rate = strictness.max_false_reject
    evidence = ReferenceEvidence(
        product=row.product,
        product_given=True,
        matches=(),
        score=score,
        threshold=calibration.threshold(row.normals, rate),
        p_value=calibration.conformal_p_value(score, row.normals) if row.normals else None,
        tail_p_value=calibration.tail_p_value(score, row.normals),
        guarantee=calibration.guarantee(max(1, len(row.normals)), rate),
        next_encoder=next_encoder,
        strictness=strictness,
    )
    attempt = decide_measured(evidence, number=1, changed="")
    return attempt.label, more_evidence_helps(attempt, evidence)


def verdict_shares(
    rows: Sequence[AblationRow], shots: int, far_beyond: float | None = None
) -> tuple[tuple[Shares, ...], tuple[Shares, ...]]:
    """What the first encoder alone leaves, and what the retry does, a line a product.

    Args:
        rows: Rows of ``FIRST_ALONE`` and ``BOTH`` with their scores.
        shots: Number of references that is looked at.
        far_beyond: The multiple of the threshold; for each product the one that the others choose where not given.

    Raises:
        DatasetError: There are no such rows.
    """
    known = {(row.variant, row.product, row.seed): row for row in rows if row.shots == shots and row.normals}
    choices: dict[str, list[list[Part]]] = {}
    for (variant, product, seed), row in known.items():
        if variant == FIRST_ALONE and (BOTH, product, seed) in known:
            choices.setdefault(product, []).append(decided(row, known[BOTH, product, seed]))
    if not choices:
        raise DatasetError(f"the rows hold no {FIRST_ALONE!r} and {BOTH!r} with {shots} references")
    before = {product: _shares(product, found, None) for product, found in choices.items()}
    after = {
        (product, multiple): _shares(product, found, multiple)
        for product, found in choices.items()
        for multiple in (MULTIPLES if far_beyond is None else (far_beyond,))
    }
    chosen = {
        product: far_beyond if far_beyond is not None else _chosen(before, after, product)
        for product in choices
    }
    return tuple(before.values()), tuple(after[product, multiple] for product, multiple in chosen.items())


def _chosen(before: dict[str, Shares], after: dict[tuple[str, float], Shares], product: str) -> float:
    """The least multiple at which the other products lose no more good parts than by the first encoder alone."""
    others = [other for other in before if other != product]
    allowed = sum(before[other].false_rejects for other in others)
    return next(
        multiple
        for multiple in MULTIPLES
        if multiple == MULTIPLES[-1]
        or sum(after[other, multiple].false_rejects for other in others) <= allowed
    )


def _shares(product: str, choices: Sequence[Sequence[Part]], far_beyond: float | None) -> Shares:
    """Shares over the choices of references of one product, each with the same weight; None: the first look alone."""
    found = []
    for parts in choices:
        labels = [part.alone if far_beyond is None else part.retried(far_beyond) for part in parts]
        bad, good = (
            [label for label, part in zip(labels, parts, strict=True) if part.defective == wanted]
            for wanted in (True, False)
        )
        found.append(
            (
                mean(label == "review" for label in labels),
                mean(label == "normal" for label in bad),
                mean(label == "defective" for label in good),
                mean(part.asked for part in parts),
            )
        )
    review, escapes, rejects, asked = (mean(values) for values in zip(*found, strict=True))
    return Shares(
        product=product,
        review=review,
        escapes=escapes,
        false_rejects=rejects,
        asked=0.0 if far_beyond is None else asked,
        far_beyond=far_beyond or FAR_BEYOND,
    )


def as_table(before: Sequence[Shares], after: Sequence[Shares]) -> str:
    """A Markdown table: what the first encoder alone leaves / what the retry does, and their means last."""
    lines = [
        (new.product, *_both(old, new), percent(new.asked), f"{new.far_beyond:g}")
        for old, new in zip(before, after, strict=True)
    ]
    old, new = _mean(before), _mean(after)
    head = ("product", "review", "escapes", "false rejects", "second encoder asked", "far beyond")
    return markdown_rows(head, [*lines, (new.product, *_both(old, new), percent(new.asked), "")])


def _both(old: Shares, new: Shares) -> list[str]:
    shares = ((one.review, one.escapes, one.false_rejects) for one in (old, new))
    return [f"{percent(was, 1)} / {percent(share, 1)}" for was, share in zip(*shares, strict=True)]


def _mean(all_of: Sequence[Shares]) -> Shares:
    return Shares(
        product="mean",
        review=mean(one.review for one in all_of),
        escapes=mean(one.escapes for one in all_of),
        false_rejects=mean(one.false_rejects for one in all_of),
        asked=mean(one.asked for one in all_of),
    )


def verdicts(
    rows: Annotated[Path, typer.Argument(help="Rows that benchmarks.ablation appended by --out.")],
    *,
    shots: Annotated[int, typer.Option(help="Number of references.")] = 4,
    far_beyond: Annotated[
        float | None,
        typer.Option(help="Multiple of the threshold; what the other products choose if not given."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Reviews, escapes and false rejects: the first encoder alone / the retry with the second (its first two looks)."""
    before, after = verdict_shares(read_values(rows, AblationRow), shots, far_beyond)
    tell({"first": before, "retry": after}, as_table(before, after), as_json)


app = program(verdicts)

if __name__ == "__main__":
    app()
