"""The HTML page of inspections: one file with everything in it."""

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from PIL import Image

from echo_agent.errors import ReportError
from echo_agent.images.decoding import load_image
from echo_agent.images.placeholder import shown
from echo_agent.report import words
from echo_agent.report.colours import DEFECTIVE_FROM, SATURATED_AT, SHOWN_FROM, scale_stops
from echo_agent.report.overlay import overlay
from echo_agent.state import Verdict, notation

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

PICTURE_SIDE = 640
REFERENCE_SIDE = 200
REFERENCES_SHOWN = 4


@dataclass(frozen=True)
class Entry:
    """One inspection on the page.

    Attributes:
        name: How the photograph is called.
        verdict: What Echo said.
        photograph: The photograph as a data URI.
        with_map: The photograph with map and regions as a data URI; None without a map.
        references: Nearest references: name, similarity, data URI.
        exemplars: Nearest confirmed defects: caption, data URI.
        truth: What is known of the part, in words.
    """

    name: str
    verdict: Verdict
    photograph: str
    with_map: str | None
    references: tuple[tuple[str, float, str], ...] = ()
    exemplars: tuple[tuple[str, str], ...] = ()
    truth: str | None = None

    @classmethod
    def of(
        cls,
        photograph: Path,
        verdict: Verdict,
        memory: "Memory",
        *,
        name: str | None = None,
        truth: str | None = None,
    ) -> "Entry":
        """Makes an entry from an inspected file.

        Args:
            photograph: The inspected file.
            verdict: What Echo said of it.
            memory: Memory that keeps the map.
            name: How the photograph is called, where its file is called otherwise.
            truth: What is known of the part.

        Raises:
            ImageError: The photograph can no longer be read.
        """
        picture = load_image(photograph)
        with_map = None
        if verdict.map_id is not None:
            values = memory.anomaly_map(verdict.map_id)
            with_map = data_uri(overlay(picture, values, verdict.regions, longest_side=PICTURE_SIDE))
        references = tuple(
            (Path(near.image.uri).name, near.similarity, data_uri(shown(near.image), REFERENCE_SIDE))
            for near in verdict.references[:REFERENCES_SHOWN]
        )
        exemplars = tuple(
            (
                f"{near.id} {near.defect_type or 'defect'}, {near.similarity:.2f}",
                data_uri(shown(near.image), REFERENCE_SIDE),
            )
            for near in verdict.exemplars
        )
        whole = data_uri(picture, PICTURE_SIDE)
        return cls(name or photograph.name, verdict, whole, with_map, references, exemplars, truth)


def data_uri(picture: Image.Image, longest_side: int | None = None) -> str:
    """Returns a picture as a JPEG data URI, scaled down to ``longest_side`` where it is larger."""
    small = picture.convert("RGB")
    if longest_side is not None:
        small.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=88, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


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


def render_page(entries: Sequence[Entry], *, title: str, about: str = "", licence: str = "") -> str:
    """Renders the page.

    Args:
        entries: Inspections in the order in which they are shown.
        title: Title of the page.
        about: A paragraph below the title.
        licence: Whose the photographs are and under which licence.

    Returns:
        HTML that needs no other file and loads nothing from a network. All text is escaped.
    """
    return (
        html_templates("echo_agent.report")
        .get_template("page.html")
        .render(
            entries=entries,
            title=title,
            about=about,
            licence=licence,
            counts=Counter(entry.verdict.label for entry in entries),
            legend={
                "stops": scale_stops(),
                "start": SHOWN_FROM,
                "threshold": DEFECTIVE_FROM,
                "end": SATURATED_AT,
                "threshold_at": (DEFECTIVE_FROM - SHOWN_FROM) / (SATURATED_AT - SHOWN_FROM),
            },
        )
    )


def write_page(
    path: Path, entries: Sequence[Entry], *, title: str, about: str = "", licence: str = ""
) -> None:
    """Writes the page; see ``render_page``.

    Raises:
        ReportError: The file cannot be written.
    """
    html = render_page(entries, title=title, about=about, licence=licence)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}): name another file") from error
