"""A part on the page: its verdict, and its pictures as data or beside the page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from echo_agent.images.decoding import load_image
from echo_agent.images.placeholder import shown
from echo_agent.report.overlay import overlay, shown_map
from echo_agent.state import Label, Verdict

if TYPE_CHECKING:
    from echo_agent.memory.memory import Memory

PICTURE_SIDE = 640
REFERENCE_SIDE = 320
REFERENCES_SHOWN = 4


@dataclass(frozen=True)
class View:
    """A further photograph of a part: its name and label, the photograph, and the same with its map."""

    name: str
    label: Label
    photograph: str | None
    with_map: str | None


@dataclass(frozen=True)
class Entry:
    """One part on the page. Pictures are data URIs, or addresses relative to the page.

    Attributes:
        name: How the part is called.
        verdict: What Echo said; of several views the worst one's.
        photograph: The photograph; None where it cannot be read.
        with_map: The photograph with map and regions; None without a map.
        references: Nearest references: name, similarity, picture.
        exemplars: Nearest confirmed defects: caption, picture.
        truth: What is known of the part, in words.
        when: When it was decided, in ISO 8601, where that is known.
        views: Its further photographs.
    """

    name: str
    verdict: Verdict
    photograph: str | None
    with_map: str | None
    references: tuple[tuple[str, float, str], ...] = ()
    exemplars: tuple[tuple[str, str], ...] = ()
    truth: str | None = None
    when: str | None = None
    views: tuple[View, ...] = ()

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
        values = shown_map(memory, verdict)
        if values is not None:
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


def as_jpeg(picture: Image.Image, longest_side: int | None = None) -> bytes:
    """Returns a picture as JPEG, scaled down to ``longest_side`` where it is larger."""
    small = picture.convert("RGB")
    if longest_side is not None:
        small.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=88, optimize=True)
    return buffer.getvalue()


def data_uri(picture: Image.Image | bytes, longest_side: int | None = None) -> str:
    """Returns a picture, or a JPEG, as a data URI; see ``as_jpeg``."""
    jpeg = picture if isinstance(picture, bytes) else as_jpeg(picture, longest_side)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
