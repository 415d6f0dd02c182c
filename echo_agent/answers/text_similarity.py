"""How alike two short texts are, by the pieces of words they share."""

import math
import re
from collections import Counter
from collections.abc import Sequence

_COMMON = "a an and are as at be by for from in is it its no not of on or that the this to was with"
_STOP = frozenset(_COMMON.split())
_NUMBERS = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
}


def words(text: str) -> list[str]:
    """Splits a text into lower-case words without the commonest ones; numbers in words become figures."""
    found = re.findall(r"[a-z]+|\d+", text.casefold())
    return [_NUMBERS.get(word, word) for word in found if word not in _STOP]


def _pieces(text: str) -> Counter[str]:
    """Counts the three-letter pieces of a text's words."""
    counted: Counter[str] = Counter()
    for word in words(text):
        padded = f" {word} "
        for start in range(len(padded) - 2):
            counted[padded[start : start + 3]] += 1
    return counted


def similarities(text: str, candidates: Sequence[str]) -> list[float]:
    """Compares a text with candidates.

    Cosine of the counts of three-letter pieces, each weighted by its rarity among the candidates (inverse
    document frequency), so that what all candidates share does not count.

    Args:
        text: The text.
        candidates: Texts to compare it with.

    Returns:
        A similarity in 0..1 for each candidate.
    """
    counts = [_pieces(candidate) for candidate in candidates]
    spread = Counter(piece for count in counts for piece in count)
    rarity = {piece: math.log((1 + len(counts)) / number) for piece, number in spread.items()}
    query = {piece: number * rarity[piece] for piece, number in _pieces(text).items() if piece in rarity}
    length = math.sqrt(sum(value * value for value in query.values()))
    result = []
    for count in counts:
        weighted = {piece: number * rarity[piece] for piece, number in count.items()}
        own = math.sqrt(sum(value * value for value in weighted.values()))
        shared = sum(value * weighted.get(piece, 0.0) for piece, value in query.items())
        result.append(shared / (length * own) if length and own else 0.0)
    return result
