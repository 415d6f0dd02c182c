"""The parts of the page that are HTML, from their templates. All text is escaped."""

from functools import lru_cache
from typing import Any, Literal

from jinja2.environment import TemplateModule

from echo_agent.errors import ImageError
from echo_agent.images.stored import load_stored
from echo_agent.report.cards import card_in_words
from echo_agent.report.entry import data_uri
from echo_agent.report.page import html_templates
from echo_agent.state import ImageRef

Part = Literal[
    "nothing_inspected",
    "no_products",
    "nothing_waits",
    "nothing_chosen",
    "conversation_begins",
    "banner",
    "proposed",
    "reasons",
    "regions",
    "rules",
    "references",
    "trace",
    "known",
    "notices",
    "records",
    "products",
    "scores",
    "tried",
    "drawn",
]
"""Macros of ``templates/parts.html``."""


def part(name: Part, **given: Any) -> str:
    """Renders a part of the page.

    Args:
        name: Name of the part.
        given: What it shows, such as ``verdict``.
    """
    return str(getattr(_parts(), name)(**given)).strip()


@lru_cache(maxsize=1)
def _parts() -> TemplateModule:
    templates = html_templates("echo_agent.ui")
    templates.globals.update(thumbnail=_thumbnail, card_in_words=card_in_words)
    return templates.get_template("parts.html").module


def _thumbnail(image: ImageRef, side: int) -> str | None:
    """The picture as a data URI; None where its file is missing or damaged."""
    try:
        return data_uri(load_stored(image), side)
    except ImageError:
        return None
