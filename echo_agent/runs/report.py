"""The report of a run: what ``echo-agent report`` writes."""

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from echo_agent.errors import ReportError
from echo_agent.images.placeholder import shown
from echo_agent.report.entry import REFERENCE_SIDE, REFERENCES_SHOWN, Entry, View, as_jpeg, data_uri
from echo_agent.report.page import write_page
from echo_agent.runs.drift import Drift
from echo_agent.runs.line import Line
from echo_agent.runs.record import WORST_FIRST, changed_standards, read_lines, read_record
from echo_agent.state import ImageRef
from echo_agent.state.notation import counted

EMBEDDED_AT_MOST = 200
"""Photographs whose pictures stand in the page itself; those of more stay in the run's folder."""


def report_of_run(run: Path, file: Path | None = None) -> Path:
    """Writes the report of a run, the worst parts first.

    Args:
        run: The run's folder; it may still be written.
        file: Where it goes; ``report.html`` in the run's folder where not given.

    Returns:
        The file.

    Raises:
        RunError: The run cannot be read.
        ReportError: The file cannot be written.
    """
    record = read_record(run)
    target = file or run / "report.html"
    parts: dict[str, list[Line]] = {}
    for line in read_lines(run):
        parts.setdefault(line.part, []).append(line)
    photographs = sum(map(len, parts.values()))
    pictures = _Pictures(run, target.parent, embedded=photographs <= EMBEDDED_AT_MOST)
    named = record.settings.part_id is not None
    ordered = sorted(
        (sorted(views, key=_badness) for views in parts.values()), key=lambda views: _badness(views[0])
    )
    entries = [_entry(views, pictures, named=named) for views in ordered]
    about = f"Run {run.resolve().name}, {counted(photographs, 'photograph')}"
    if record.sessions:
        about += f", begun {record.sessions[0].started[:16].replace('T', ' ')} UTC"
    about += f". Memory {record.settings.memory}, encoder {record.settings.encoder}."
    if record.unreadable:
        about += f" {record.unreadable} of the photographs cannot be read."
    title = counted(len(entries), "part") + (
        f" of {record.settings.product}" if record.settings.product else ""
    )
    notices = (*changed_standards(record.sessions), *_notices(record.told.get("drift", ())))
    write_page(target, entries, title=title, about=about, notices=notices)
    return target


def _badness(line: Line) -> tuple[int, float]:
    return WORST_FIRST.index(line.verdict.label), -(line.verdict.score or 0.0)


def _notices(drifts: object) -> Iterator[str]:
    for drift in drifts if isinstance(drifts, list) else ():
        with suppress(ValidationError):  # of another version
            yield str(Drift.model_validate(drift))


def _entry(views: list[Line], pictures: "_Pictures", *, named: bool) -> Entry:
    worst, *others = views
    return Entry(
        name=worst.part if named or worst.part != worst.image else Path(worst.image).name,
        verdict=worst.verdict,
        photograph=pictures.kept(worst.photograph),
        with_map=pictures.kept(worst.map),
        references=tuple(
            (Path(near.image.uri).name, near.similarity, pictures.reference(near.image))
            for near in worst.verdict.references[:REFERENCES_SHOWN]
        ),
        exemplars=tuple(
            (
                f"{near.id} {near.defect_type or 'defect'}, {near.similarity:.2f}",
                pictures.reference(near.image),
            )
            for near in worst.verdict.exemplars
        ),
        when=worst.when,
        views=tuple(
            View(
                Path(line.image).name,
                line.verdict.label,
                pictures.kept(line.photograph),
                pictures.kept(line.map),
            )
            for line in others
        ),
    )


class _Pictures:
    """Pictures of a run for a page: in it, or by their place beside it; each reference is made once."""

    def __init__(self, run: Path, page: Path, *, embedded: bool) -> None:
        self._run = run
        self._page = page
        self._embedded = embedded
        self._references: dict[str, str] = {}

    def kept(self, name: str | None) -> str | None:
        """A picture that the run keeps."""
        if name is None or not self._holds(name):
            return None
        if self._embedded:
            return data_uri((self._run / name).read_bytes())
        return Path(os.path.relpath(self._run / name, self._page)).as_posix()

    def _holds(self, name: str) -> bool:
        """Whether a run has such a file of its own: a line that names another one may come from anywhere."""
        try:
            file = (self._run / name).resolve()
            return file.is_file() and file.is_relative_to(self._run.resolve())
        except (OSError, ValueError):
            return False

    def reference(self, image: ImageRef) -> str:
        """A reference, or a placeholder where it can no longer be read."""
        known = self._references.get(image.sha256)
        if known is None:
            jpeg = as_jpeg(shown(image), REFERENCE_SIDE)
            known = self._references[image.sha256] = (
                data_uri(jpeg) if self._embedded else self._written(image, jpeg)
            )
        return known

    def _written(self, image: ImageRef, jpeg: bytes) -> str:
        name = f"references/{sha256(image.sha256.encode()).hexdigest()[:16]}.jpg"
        try:
            (self._run / "references").mkdir(exist_ok=True)
            (self._run / name).write_bytes(jpeg)
        except OSError as error:
            raise ReportError(f"{self._run} cannot be written ({error.strerror}): make room there") from error
        return Path(os.path.relpath(self._run / name, self._page)).as_posix()
