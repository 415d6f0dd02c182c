"""Verdicts as HTML for the page. All text is escaped."""

from collections.abc import Sequence
from html import escape

from echo_agent.errors import ImageError
from echo_agent.images.decoding import load_image
from echo_agent.memory.answers import Feedback
from echo_agent.memory.inspections import InspectionRecord
from echo_agent.report.page import data_uri
from echo_agent.report.words import attempted, decided_by, headline, measured, percent, promise
from echo_agent.state import ImageRef, Verdict
from echo_agent.ui.controller import proposed

THUMBNAIL_SIDE = 150
ROW_SIDE = 56


def verdict_banner(verdict: Verdict) -> str:
    """The label large, with its confidence and what it stands on."""
    promised = promise(verdict.guarantee) if verdict.guarantee is not None else "none yet"
    leaning = proposed(verdict)
    parts = [verdict.product or "unknown product"]
    if verdict.label == "review" and leaning != "review":
        parts.append(f"likelier {leaning}, {percent(verdict.confidence)}")
    parts.append(f"confidence {'calibrated' if verdict.confidence_calibrated else 'uncalibrated'}")
    return (
        f'<div class="verdict {verdict.label}"><strong>{escape(headline(verdict))}</strong>'
        f"<span>{escape(' · '.join(parts))}</span>"
        f'<i class="meter"><i style="width:{100 * verdict.confidence:.0f}%"></i></i></div>'
        f'<dl class="facts"><dt>Score</dt><dd>{escape(measured(verdict))}</dd>'
        f"<dt>False rejects</dt><dd>{escape(promised)}</dd>"
        f"<dt>Decided by</dt><dd>{escape(decided_by(verdict))}</dd></dl>"
    )


def reasons_html(verdict: Verdict) -> str:
    """The reasons."""
    reasons = "".join(f"<li>{escape(reason.text)}</li>" for reason in verdict.reasons)
    kind = f"<p>Defect type: <b>{escape(verdict.defect_type)}</b></p>" if verdict.defect_type else ""
    return f"<ul>{reasons}</ul>{kind}"


def tolerances_html(verdict: Verdict) -> str:
    """Tolerances and countable statements of the card, held against what was measured."""
    known = verdict.knowledge
    answers = {True: "holds", False: "fails", None: "undetermined"}
    rows: list[tuple[str, str, str]] = []
    if known is not None:
        rows += [(found.id, found.outcome, found.reason) for found in known.tolerances]
        rows += [(found.id, answers[found.holds], found.reason) for found in known.checklist]
    if rows:
        return _table(("", "outcome", "why"), rows)
    if known is None or known.card_file is None:
        return _empty("This product has no knowledge card, so there is no limit to hold the regions against.")
    return _empty("No tolerance of the knowledge card applies to what was measured.")


def regions_html(verdict: Verdict) -> str:
    """The suspicious areas in numbers."""
    if not verdict.regions:
        return _empty("No area stands out from the references.")
    rows = [
        (
            region.id,
            region.place,
            f"{region.length_px:.0f} px",
            f"{region.area_px} px² ({region.area_px_low} to {region.area_px_high})",
            f"{region.peak:.2f} × the most in good parts",
        )
        for region in verdict.regions
    ]
    return _table(("region", "place", "length", "area", "peak"), rows)


def references_html(verdict: Verdict) -> str:
    """The nearest references, and the nearest defects that people confirmed."""
    good = [
        _figure(near.image, f"{near.id} · similarity {near.similarity:.2f}") for near in verdict.references
    ]
    bad = []
    for near in verdict.exemplars:
        said = f", {near.who}" if near.who else ""
        resembles = " · resembles it" if near.resembles else ""
        caption = f"{near.id} · {near.defect_type or 'defect'}{said} · {near.similarity:.2f}{resembles}"
        bad.append(_figure(near.image, caption))
    parts = [
        f'<div class="figures">{"".join(good)}</div>'
        if good
        else _empty("There is no product to compare with.")
    ]
    if bad:
        parts.append(f'<h4>Confirmed defects</h4><div class="figures">{"".join(bad)}</div>')
    return "".join(parts)


def trace_html(verdict: Verdict) -> str:
    """The steps of the reasoning, and the attempts."""
    steps = verdict.trace.steps if verdict.trace is not None else ()
    rows = [(step.kind, step.text, ", ".join(step.evidence)) for step in steps]
    head = (
        _table(("step", "", "evidence"), rows)
        if rows
        else _empty("The part was clear at first look, so no steps were written.")
    )
    attempts = "".join(f"<li>{escape(attempted(one))}</li>" for one in verdict.attempts)
    return f"{head}<h4>Attempts</h4><ol>{attempts}</ol>"


def records_html(records: Sequence[tuple[InspectionRecord, Feedback | None]]) -> str:
    """The newest inspections, each with what a person said."""
    if not records:
        return _empty("Nothing has been inspected yet. Each inspection will be listed here.")
    rows = []
    for record, said in records:
        verdict = record.verdict
        told = "" if said is None else f"{said.label}{f', {said.answer.who}' if said.answer.who else ''}"
        rows.append(
            f"<tr><td>{_picture(record.image, ROW_SIDE)}</td><td>{escape(_time(record.when))}</td>"
            f"<td>{escape(verdict.product or 'unknown')}</td>"
            f'<td><span class="badge {verdict.label}">{verdict.label}</span></td>'
            f"<td>{percent(verdict.confidence)}</td><td>{escape(told)}</td></tr>"
        )
    head = "<tr><th></th><th>when (UTC)</th><th>product</th><th>Echo</th><th>confidence</th><th>a person</th></tr>"
    return f'<table class="rows">{head}{"".join(rows)}</table>'


def _time(when: str) -> str:
    return when[:16].replace("T", " ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="rows"><tr>{head}</tr>{body}</table>'


def _figure(image: ImageRef, caption: str) -> str:
    return f"<figure>{_picture(image, THUMBNAIL_SIDE)}<figcaption>{escape(caption)}</figcaption></figure>"


def _picture(image: ImageRef, side: int) -> str:
    try:
        return f'<img src="{data_uri(load_image(image.uri), side)}" alt="">'
    except ImageError:
        return '<span class="empty">no longer kept</span>'


def _empty(text: str) -> str:
    return f'<p class="empty">{escape(text)}</p>'
