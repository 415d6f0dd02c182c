"""What belongs to a knowledge card: the files of its folder, but for what lies there for other reasons."""

import os
from pathlib import Path

CARD_FILE = "card.yaml"

MADE_BY_ECHO = frozenset({"memory.sqlite3", "run.json"})
"""A folder below that holds one of these is a memory or a run, not domain knowledge."""


def files_of_card(folder: Path) -> list[Path]:
    """The files beside a ``card.yaml``, sorted.

    Hidden ones are left out, and folders below that hold a card of their own, a memory or a run.
    """
    found: list[Path] = []
    for place, below, names in os.walk(folder):
        here = Path(place)
        if here != folder and not (MADE_BY_ECHO | {CARD_FILE}).isdisjoint(names):
            below.clear()
            continue
        below[:] = [name for name in below if not name.startswith(".")]
        found += [here / name for name in names if not name.startswith(".") and name != CARD_FILE]
    return sorted(found)
