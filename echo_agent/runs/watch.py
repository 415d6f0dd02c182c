"""A folder that is watched: photographs that arrive, each once, when they are whole."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import watch

from echo_agent.errors import ImageError
from echo_agent.images.listing import is_image
from echo_agent.runs.folder import RunFolder
from echo_agent.runs.photograph import Photograph

SETTLED_AFTER = 1.0
"""Seconds without a change after which a file counts as written."""

PATIENCE = 30.0
"""Seconds without a change after which a file is inspected although its end is missing."""

TRIED_AGAIN_AFTER = 10.0
"""Seconds until a photograph that came to no verdict is tried again."""

LOOKED_EVERY = 0.5
"""Seconds between two looks at the folder where nothing is told of it: network folders tell nothing."""

TOGETHER = 16


class Watch:
    """Finds what arrives in a folder and below.

    Args:
        folder: The folder.
        run: The run, which knows what was inspected.
        stop: Ends it.
        apart: Folders below it that are not looked into.
        settled_after: Seconds without a change after which a file counts as written.

    Raises:
        ImageError: There is no such folder.
    """

    def __init__(
        self,
        folder: Path,
        run: RunFolder,
        stop: threading.Event,
        *,
        apart: Sequence[Path] = (),
        settled_after: float = SETTLED_AFTER,
    ) -> None:
        if not folder.is_dir():
            raise ImageError(f"{folder} is not a folder: name the folder that photographs arrive in")
        self._folder = folder
        self._run = run
        self._stop = stop
        self._apart = {Path(os.path.abspath(place)) for place in apart}
        self._settled_after = settled_after
        self._seen: dict[Path, tuple[Photograph, float]] = {}
        self._under_way: dict[Path, Photograph] = {}
        self._later: dict[Path, float] = {}

    def batches(self) -> Iterator[list[Photograph]]:
        """Yields photographs as they have arrived, and an empty batch where none has, until it is stopped."""
        changes = watch(
            self._folder,
            watch_filter=None,
            stop_event=self._stop,
            rust_timeout=round(LOOKED_EVERY * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            debounce=50,
            step=50,
        )
        while not self._stop.is_set():
            arrived = self._arrived()
            for start in range(0, max(1, len(arrived)), TOGETHER):
                batch = arrived[start : start + TOGETHER]
                self._under_way |= {photograph.path: photograph for photograph in batch}
                yield batch
            next(changes, None)

    def try_later(self, photograph: Photograph) -> None:
        """Takes back a photograph that came to no verdict: it is found again after a while."""
        self._later[photograph.path] = time.monotonic() + TRIED_AGAIN_AFTER

    def _arrived(self) -> list[Photograph]:
        """The photographs that are whole and that the run does not know, in the order in which they came."""
        now = time.monotonic()
        self._forget_done(now)
        moving = {photograph.inode for photograph in self._under_way.values()}
        there = {photograph.path: photograph for photograph in map(Photograph.at, self._files())}
        self._seen = {path: seen for path, seen in self._seen.items() if path in there}
        arrived = []
        for path, photograph in there.items():
            # What is renamed while it is inspected waits until the run knows it by its old name.
            if path in self._under_way or photograph.inode in moving or self._run.knows(photograph):
                self._seen.pop(path, None)
                continue
            before, since = self._seen.get(path, (None, now))
            if before != photograph:
                self._seen[path] = photograph, now
            elif photograph.size and self._is_whole(path, now - since):
                del self._seen[path]
                arrived.append(photograph)
        return sorted(arrived, key=lambda photograph: (photograph.modified or 0, photograph.path))

    def _is_whole(self, path: Path, unchanged: float) -> bool:
        return unchanged >= self._settled_after and (unchanged >= PATIENCE or _has_end(path))

    def _forget_done(self, now: float) -> None:
        for path in [path for path, moment in self._later.items() if moment <= now]:
            del self._later[path]
            self._under_way.pop(path, None)
        done = [path for path, photograph in self._under_way.items() if self._run.knows(photograph)]
        for path in done:
            del self._under_way[path]

    def _files(self) -> Iterator[Path]:
        for place, folders, names in os.walk(os.path.abspath(self._folder)):
            folders[:] = [
                name for name in folders if not name.startswith(".") and Path(place, name) not in self._apart
            ]
            for name in names:
                if not name.startswith(".") and is_image(Path(name)):
                    yield Path(place, name)


def _has_end(file: Path) -> bool:
    """Whether a JPEG or PNG has its end; files of other kinds, and those that cannot be read, tell nothing."""
    try:
        with file.open("rb") as stream:
            head = stream.read(8)
            stream.seek(max(0, file.stat().st_size - 64))
            tail = stream.read()
    except OSError:
        return True
    if head.startswith(b"\xff\xd8\xff"):
        return b"\xff\xd9" in tail
    return b"IEND" in tail if head.startswith(b"\x89PNG") else True
