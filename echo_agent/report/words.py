"""A verdict in plain words, for a terminal and for a page."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from echo_agent.images.depth import EIGHT_BITS
from echo_agent.report.cards import taken_by_name
from echo_agent.state import Attempt, EscapeGuarantee, Guarantee, Label, Verdict
from echo_agent.state.notation import (
    MEANING,
    WHOSE,
    counted,
    headline,
    percent,
    region_in_words,
    sure,
    threshold_in_words,
)
from echo_agent.strictness import Strictness

if TYPE_CHECKING:
    from echo_agent.memory.product import ProductRecord


def described(verdict: Verdict, name: str, picture: Path | None = None) -> str:
    """Describes a verdict on some lines.

    Args:
        verdict: What Echo said.
        name: How the photograph is called.
        picture: Where the photograph was saved with its anomaly map.

    Returns:
        Lines of text without a final newline: the label first, then evidence, reasons and who decided.
    """
    product = f" [{verdict.product}]" if verdict.product else ""
    lines = [f"{name}{product}: {headline(verdict)}"]
    lines += [f"- {reason}" for reason in verdict.reasons]
    kinds = {reason.kind for reason in verdict.reasons}
    told = {name for reason in verdict.reasons if reason.kind == "region" for name in reason.evidence}
    lines += [f"- {region_in_words(region)}" for region in verdict.regions if region.id not in told]
    if verdict.score is not None and "score" not in kinds:
        lines.append(f"  score: {measured(verdict)}")
    if verdict.answer is not None:
        lines.append("  answer: " + verdict.answer.text.replace("\n", "\n    "))
    if verdict.references:
        nearest = verdict.references[0]
        name = Path(nearest.image.uri).stem[:12]
        lines.append(f"  compared with: reference {name} (similarity {nearest.similarity:.2f})")
    if verdict.guarantee is not None:
        lines.append(f"  guarantee: {promise(verdict.guarantee)}")
    if verdict.escape_guarantee is not None:
        lines.append(f"  escapes: {escape_promise(verdict.escape_guarantee)}")
    if len(verdict.attempts) > 1:
        lines += [f"  attempt {attempt.number}: {attempted(attempt)}" for attempt in verdict.attempts]
    lines.append(f"  decided by: {decided_by(verdict)}")
    if picture is not None:
        lines.append(f"  picture: {picture}")
    return "\n".join(lines)


def measured(verdict: Verdict) -> str:
    """Returns score, threshold and p-value in words."""
    if verdict.score is None:
        return "not measured"
    threshold = "no threshold yet"
    if verdict.threshold is not None:
        threshold = threshold_in_words(verdict.threshold, verdict.strictness)
    words = f"{verdict.score:.2f} ({threshold})"
    if verdict.p_value is not None:
        words += f", p = {verdict.p_value:.3f}: {percent(verdict.p_value)} of good parts would score as high"
    return words


def promise(guarantee: Guarantee) -> str:
    """Returns what the normals allow to promise about false rejects, in words."""
    normals = counted_normals(guarantee)
    if guarantee.expected_false_reject is None or guarantee.bound_95 is None:
        words = f"none yet from {normals}"
    else:
        words = (
            f"{normals}: {percent(guarantee.expected_false_reject)} of good parts are expected to be "
            f"called defective, at most {percent(guarantee.bound_95)} with 95 % confidence, as long as parts are "
            "photographed as the references were"
        )
    if guarantee.normals_missing:
        words += f"; {guarantee.normals_missing} more would reach the wanted rate"
    return words


def counted_normals(guarantee: Guarantee) -> str:
    """Returns how many good parts a promise rests on, and on how many photographs of them where some repeat others."""
    if guarantee.photographs is not None:
        return f"{guarantee.photographs} photographs, {guarantee.normals} distinct"
    return counted(guarantee.normals, "normal")


def escape_promise(guarantee: EscapeGuarantee) -> str:
    """Returns what the confirmed defects allow to promise about escapes, in words."""
    if guarantee.expected_escape is None or guarantee.bound_95 is None:
        return "none yet without confirmed defects"
    return (
        f"{guarantee.defects} confirmed defects: {percent(guarantee.expected_escape)} of defects like them are "
        f"expected to be called normal, at most {percent(guarantee.bound_95)} with 95 % confidence"
    )


def attempted(attempt: Attempt) -> str:
    """Returns an attempt's label, confidence and what changed in words."""
    return f"{attempt.label}, {sure(attempt)} ({attempt.changed})"


def decided_by(verdict: Verdict) -> str:
    """Returns who decided."""
    author = verdict.decided_by
    model = "" if author.model in {author.name, ""} else f" {author.model}"
    revision = f" ({author.revision})" if author.revision else ""
    return f"{author.name}{model}{revision}"


def registered(record: "ProductRecord", memory: Path) -> str:
    """Says what a registration made."""
    count = len(record.references)
    images = counted(count, "reference")
    wide = record.depth is not None and record.depth != EIGHT_BITS
    depth = f", read with {record.depth}" if wide else ""
    tiles = f", looked at in tiles of {record.tiles} px" if record.tiles else ""
    learnt = f", {len(record.learnt)} of them learnt" if record.learnt else ""
    own = record.strictness.max_false_reject
    rate, whose = (
        (Strictness().max_false_reject, WHOSE["default"]) if own is None else (own, WHOSE["product"])
    )
    allowed = f"False rejects at {100 * rate:g} % ({whose}): {promise(record.guarantee)}."
    earlier = f"; echo-agent products history {quote(record.name)} lists all" if record.version > 1 else ""
    before = f" ({record.origin}{earlier})" if record.origin != "registered" else ""
    return (
        f"{record.name} is registered in {memory}: {images}{learnt}{depth}{tiles}, version {record.version}{before}, "
        f"{_encoders(record)}.\n{allowed}{taken_by_name(record)}"
    )


def _encoders(record: "ProductRecord") -> str:
    if record.second is not None:
        return f"encoder {record.encoder}, second encoder {record.second.id}"
    return f"encoder {record.encoder} alone (echo-agent register {quote(record.name)} --add-encoder adds a second one)"


def tally(labels: Sequence[Label], bad: int = 0) -> str:
    """Counts labels in words, with what could not be inspected."""
    counts = Counter(labels)
    parts = ", ".join(f"{counts[label]} {label}" for label in MEANING)
    unread = f"; {bad} could not be inspected" if bad else ""
    return f"{len(labels)} inspected: {parts}{unread}"
