"""The report: one HTML page of a run or of a few inspections, with everything in it."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from echo_agent.errors import ReportError
from echo_agent.files import replacing
from echo_agent.report import words
from echo_agent.report.charts import by_hour, score_histogram
from echo_agent.report.colours import DEFECTIVE_FROM, SATURATED_AT, SHOWN_FROM, scale_stops
from echo_agent.report.entry import Entry
from echo_agent.state import notation

SHOWN_AT_ONCE = 50
"""Parts that the page shows at once; it turns over to the others."""

_INDENT = re.compile(r"\n\s*")


def html_templates(package: str) -> jinja2.Environment:
    """Opens the templates of a package, with Echo's words and its notation of values.

    What they are given is escaped, and what they lack is an error.
    """
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(words=words, notation=notation)
    return templates


def render_page(
    entries: Sequence[Entry],
    *,
    title: str,
    about: str = "",
    licence: str = "",
    notices: Sequence[str] = (),
) -> str:
    """Renders the page.

    Args:
        entries: Parts in the order in which they are shown.
        title: Title of the page.
        about: A paragraph below the title.
        licence: Whose the photographs are and under which licence.
        notices: What a person should know of all of them, such as a drift.

    Returns:
        HTML that loads nothing from a network, and no other file but pictures whose entries name files. Only the
        page's own script runs. All text is escaped. The first fifty parts stand in it as they are; the others are made
        by the script when they are turned to.
    """
    templates = html_templates("echo_agent.report")
    article = templates.get_template("article.html")
    script = files("echo_agent.report").joinpath("templates/page.js").read_text(encoding="utf-8")
    shown = [
        article.render(entry=entry, number=number) for number, entry in enumerate(entries[:SHOWN_AT_ONCE])
    ]
    parts = [
        _row(number, entry, None if number < SHOWN_AT_ONCE else article.render(entry=entry, number=number))
        for number, entry in enumerate(entries)
    ]
    return templates.get_template("page.html").render(
        articles=shown,
        rows=parts[:SHOWN_AT_ONCE],
        # "<" would end the element that the data stands in.
        parts=json.dumps(parts, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
        script=script,
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        shown_at_once=SHOWN_AT_ONCE,
        title=title,
        about=about,
        licence=licence,
        notices=notices,
        counts=Counter(entry.verdict.label for entry in entries),
        total=len(entries),
        histogram=score_histogram(entries),
        hours=by_hour(entries),
        legend={
            "stops": scale_stops(),
            "start": SHOWN_FROM,
            "threshold": DEFECTIVE_FROM,
            "end": SATURATED_AT,
            "threshold_at": (DEFECTIVE_FROM - SHOWN_FROM) / (SATURATED_AT - SHOWN_FROM),
        },
    )


def _row(number: int, entry: Entry, article: str | None) -> dict[str, Any]:
    """What the table shows of a part, and the rest of it where the page does not hold it already."""
    verdict = entry.verdict
    return {
        "number": number,
        "name": entry.name,
        "label": verdict.label,
        "confidence": round(verdict.confidence, 4),
        "sure": notation.sure(verdict),
        "score": None if verdict.score is None else round(verdict.score, 3),
        "threshold": None if verdict.threshold is None else round(verdict.threshold, 3),
        "regions": len(verdict.regions),
        "product": verdict.product or "",
        "type": verdict.defect_type or "",
        "when": (entry.when or "")[:19].replace("T", " "),
        **({} if article is None else {"article": _INDENT.sub("\n", article)}),
    }


def write_page(
    path: Path,
    entries: Sequence[Entry],
    *,
    title: str,
    about: str = "",
    licence: str = "",
    notices: Sequence[str] = (),
) -> None:
    """Writes the page; see ``render_page``.

    Raises:
        ReportError: The file cannot be written.
    """
    html = render_page(entries, title=title, about=about, licence=licence, notices=notices)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(html.encode())
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}): name another file") from error
