"""What stands for a record that cannot be read: it costs its own row, and says so."""

from pathlib import Path

from echo_agent.errors import ImageError
from echo_agent.images.stored import find_image
from echo_agent.memory.damage import damaged
from echo_agent.state import DecidedBy, ImageRef, Reason, Verdict


def kept_image(digest: str, folder: Path) -> ImageRef:
    """The photograph of a record, by its digest alone; one pixel in size where its file is missing or damaged."""
    place = folder / "images"
    try:
        return find_image(digest, place)
    except ImageError:
        files = sorted(place.glob(f"{digest}.*")) if digest.isalnum() else []
        return ImageRef(uri=str(files[0] if files else place / "missing"), sha256=digest, width=1, height=1)


def unreadable_verdict(name: str, folder: Path) -> Verdict:
    """``review``, with the doctor as remedy: what cannot be read is never normal."""
    what = damaged(folder, f"The record of the inspection {name} cannot be read")
    return Verdict(
        label="review",
        confidence=0.5,
        reasons=(Reason(kind="damaged memory", text=f"{what}."),),
        decided_by=DecidedBy(name="unreadable", model="", revision=""),
    )
