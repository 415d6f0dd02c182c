"""All wordings of a case as one sequence: what they share stands once, and each token sees its own wording alone.

The shared beginning is followed by what each wording adds, and that by the longer answers, each a branch of its
wording. A token attends to the tokens of its own path from the beginning on, and stands at the position that it has on
this path; so one pass of the model gives what one pass for each wording and answer would give.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

SHARED = -1
PADDING = -2


@dataclass(frozen=True)
class Suffix:
    """What a wording adds to the shared beginning.

    Attributes:
        ids: Its tokens, one at least.
        answers: The tokens of each answer after that, one at least.
    """

    ids: list[int]
    answers: list[list[int]]


@dataclass(frozen=True)
class Read:
    """A log-probability to be read: of a token, after the token at an index, for an answer of a wording."""

    index: int
    token: int
    wording: int
    answer: int


@dataclass(frozen=True)
class PromptTree:
    """One case as a sequence of tokens.

    Attributes:
        ids: The tokens ``(tokens,)``.
        positions: Their positions ``(tokens,)``, or ``(3, tokens)`` by time, height and width.
        path: Each token's place on its own path ``(tokens,)``.
        wording: The wording that each belongs to ``(tokens,)``; ``SHARED`` at the beginning.
        branch: The answer that each belongs to ``(tokens,)``; ``SHARED`` outside of answers.
        picture: The photograph that each belongs to ``(tokens,)`` where its tokens see each other; -1 elsewhere.
        reads: What is read from it.
        answers: How many answers each wording has.
    """

    ids: Numbers
    positions: Numbers
    path: Numbers
    wording: Numbers
    branch: Numbers
    picture: Numbers
    reads: tuple[Read, ...]
    answers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def alone(self, wording: int, branch: int) -> "PromptTree":
        """Returns one path by itself: the beginning, a wording and an answer (``SHARED`` for the wording alone)."""
        on_path = (self.wording == SHARED) | (
            (self.wording == wording) & ((self.branch == SHARED) | (self.branch == branch))
        )
        kept = np.flatnonzero(on_path)
        reads = tuple(
            Read(int(np.searchsorted(kept, read.index)), read.token, read.wording, read.answer)
            for read in self.reads
            if on_path[read.index] and read.wording == wording and self._read_here(read, branch)
        )
        return PromptTree(
            self.ids[kept],
            self.positions[..., kept],
            self.path[kept],
            self.wording[kept],
            self.branch[kept],
            self.picture[kept],
            reads,
            self.answers,
        )

    def _read_here(self, read: Read, branch: int) -> bool:
        """Whether a path reads a token: the first ones belong to the wording, later ones to their answer."""
        return bool(self.branch[read.index] == branch)

    def paths(self) -> list["PromptTree"]:
        """Returns every path by itself, for models that cannot hold several in one sequence."""
        long = {(read.wording, int(self.branch[read.index])) for read in self.reads}
        return [self.alone(wording, branch) for wording, branch in sorted(long)]


def grow(
    shared: Sequence[int], positions: Numbers, picture: Sequence[int], suffixes: Sequence[Suffix]
) -> PromptTree:
    """Lays out a case.

    Args:
        shared: Tokens that all wordings begin with.
        positions: Their positions and that of the token that follows ``(tokens + 1,)`` or ``(3, tokens + 1)``.
        picture: Of each shared token, the photograph whose tokens see each other; -1 for all others.
        suffixes: What each wording adds.
    """
    begun = len(shared)
    ids, path, wording, branch = list(shared), list(range(begun)), [SHARED] * begun, [SHARED] * begun
    reads: list[Read] = []
    for number, suffix in enumerate(suffixes):
        ids += suffix.ids
        path += range(begun, begun + len(suffix.ids))
        wording += [number] * len(suffix.ids)
        branch += [SHARED] * len(suffix.ids)
        last = len(ids) - 1
        reads += [Read(last, answer[0], number, which) for which, answer in enumerate(suffix.answers)]
        for which, answer in enumerate(suffix.answers):
            follows = len(ids)
            ids += answer[:-1]
            path += range(path[last] + 1, path[last] + len(answer))
            wording += [number] * (len(answer) - 1)
            branch += [which] * (len(answer) - 1)
            reads += [Read(follows + i, token, number, which) for i, token in enumerate(answer[1:])]
    places = np.array(path, dtype=np.int64)
    added = places[begun:] - begun
    after = positions[..., begun : begun + 1] + added
    return PromptTree(
        np.array(ids, dtype=np.int64),
        np.concatenate([positions[..., :begun], after], axis=-1),
        places,
        np.array(wording, dtype=np.int64),
        np.array(branch, dtype=np.int64),
        np.array([*picture, *([-1] * len(added))], dtype=np.int64),
        tuple(reads),
        tuple(len(suffix.answers) for suffix in suffixes),
    )
