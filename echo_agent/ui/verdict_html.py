"""Verdicts as HTML for the page. All text is escaped."""

from html import escape

from echo_agent.report.words import decided_by, headline, measured, promise
from echo_agent.state import Verdict

COLOURS = {"normal": "#1a7f4b", "defective": "#b3261e", "review": "#8a5a00"}


def verdict_banner(verdict: Verdict) -> str:
    """The label large, with what it stands on."""
    promised = promise(verdict.guarantee) if verdict.guarantee is not None else "nothing yet"
    return (
        f'<div class="banner" style="background:{COLOURS[verdict.label]}">'
        f"<strong>{escape(headline(verdict))}</strong>"
        f"<span>{escape(verdict.product or 'unknown product')} · score {escape(measured(verdict))}</span></div>"
        f'<p class="small">Decided by {escape(decided_by(verdict))}. False rejects: {escape(promised)}.</p>'
    )


def reasons_html(verdict: Verdict) -> str:
    """Reasons and tolerances."""
    parts = ["<ul>", *(f"<li>{escape(reason)}</li>" for reason in verdict.reasons), "</ul>"]
    findings = verdict.knowledge.tolerances if verdict.knowledge is not None else ()
    if findings:
        rows = "".join(
            f"<tr><td>{finding.id}</td><td>{escape(finding.outcome)}</td><td>{escape(finding.reason)}</td></tr>"
            for finding in findings
        )
        parts.append(f"<h4>Tolerances</h4><table>{rows}</table>")
    else:
        parts.append('<p class="small">No tolerance applies.</p>')
    return "".join(parts)


def trace_html(verdict: Verdict) -> str:
    """The steps of the reasoning, and the attempts."""
    steps = verdict.trace.steps if verdict.trace is not None else ()
    written = "".join(
        f"<li><em>{step.kind}</em> {escape(step.text)} <code>{escape(', '.join(step.evidence))}</code></li>"
        for step in steps
    )
    attempts = "".join(
        f"<li>{escape(one.label)}, {one.confidence:.0%}: {escape(one.changed)}</li>"
        for one in verdict.attempts
    )
    head = (
        f"<ol>{written}</ol>"
        if written
        else '<p class="small">The part was clear; no steps were written.</p>'
    )
    return f"{head}<h4>Attempts</h4><ol>{attempts}</ol>"


def region_rows(verdict: Verdict) -> list[list[str]]:
    """Rows of the regions' table: name, place, size, area, peak."""
    return [
        [
            region.id,
            region.place,
            f"{region.length_px:.0f} px",
            f"{region.area_px} px²",
            f"{region.peak:.2f}",
        ]
        for region in verdict.regions
    ]
