"""Reading labels: which words say that a part is good, which that it is defective, and which say neither."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from echo_agent.errors import DatasetError
from echo_agent.names import canonical_name
from echo_agent.state import Value

GOOD = "good"
DEFECTIVE = "defective"

_GOOD = """
good/normal/ok/okay/pass/passed/accept/accepted/nominal/intact/healthy/io/i o/in ordnung/gut/gutteil/gutteile/fehlerfrei
合格/良品/正常/0/false/negative/no defect/no defects/defect free/free of defects/without defect/without defects
non defective/not defective/good part/good parts
"""
_BAD = """
bad/defective/defect/defects/anomaly/anomalies/anomalous/abnormal/ng/nok/n ok/ko/not ok/not good/fail/failed/fault
faulty/reject/rejected/scrap/nio/n i o/nicht in ordnung/schlecht/schlechtteil/schlechtteile/ausschuss/defekt/fehler
fehlerhaft/不合格/不良/不良品/缺陷/异常/1/true/positive/bad part/bad parts
"""
_STEMS = """
abras anomal bend bent beul blemish blister blot blowhole bow break bridg broke bruch bubbl bump burn burr chip color
colour combin contamin copper corro crack crater crease crook cut damag defect deform delam delle dent deviat dirt
discolo distort dust extra fault fehl fissure flak flash fleck flip fold foreign fractur fray gap glue gouge grat
groove hair hole imprint impur inclusion kratz leak lift liquid loch loose lunker manipul mark melt misalign mismatch
misplac misprint miss mouse nick notch oil open oxid particle peel pin pit poke pore porosit print pull residu riss
rip rost rough rotat rust scorch scratch scuff short shift smear smudge spatter split spot spur squeez stain streak
stroke swap tear thread tilt torn twist uneven verschmutz void warp water wear weld worn wrinkle wrong
"""

GOOD_WORDS = frozenset(re.split("[/\n]", _GOOD.strip()))
"""Labels of good parts, as ``plain_word`` spells them."""

BARE_WORDS = frozenset(re.split("[/\n]", _BAD.strip()))
"""Labels of defective parts that name no defect."""

DEFECT_STEMS = tuple(_STEMS.split())
"""How words begin that name a defect."""

NEGATIONS = frozenset({"no", "not", "non", "without", "free", "kein", "keine", "ohne", *GOOD_WORDS})
"""Words that make a name of a defect say something else."""


def plain_word(word: str) -> str:
    """Spells a label alike however it was written: composed, folded in case, spaces for ``_``, ``-`` and ``.``."""
    return canonical_name(re.sub("[.,]", " ", word)).replace("_", " ")


class Labels(Value):
    """The one reader of labels, for folders and for tables.

    A word is good or defective by the words above, as the name of a defect by its beginning, or where the caller has
    evidence: masks that mark the defect. For any other word a person is asked.

    Attributes:
        told: What a person said of words that are not known: True for a defective part.
    """

    told: Mapping[str, bool] = {}

    @classmethod
    def read(cls, said: Sequence[str]) -> "Labels":
        """Reads what a person said, such as ``flush=good`` or ``Sonderfall=defective``.

        Raises:
            DatasetError: One is no word with its meaning.
        """
        told = {}
        for one in said:
            word, _, meaning = one.rpartition("=")
            side = _known(meaning)
            if not word.strip() or side is None:
                raise DatasetError(f"--label {one} says nothing: write WORD=good or WORD=defective")
            told[plain_word(word)] = side
        return cls(told=told)

    def good(self, word: str) -> bool:
        """Whether a word says for sure that a part is good."""
        return self._defective(word) is False

    def kinds(self, words: Iterable[str], place: Path, *, masked: Iterable[str] = ()) -> dict[str, str]:
        """Reads all labels of a place.

        Args:
            words: The labels as they are written.
            place: Where they stand, for the question.
            masked: Those whose parts have masks, and so are defective.

        Returns:
            Word to ``good``, to the defect's name as it is written, or to ``defective`` where it names none.

        Raises:
            DatasetError: A label says neither good nor defective.
        """
        marked = frozenset(masked)
        sides = {word: self._defective(word, masked=word in marked) for word in dict.fromkeys(words)}
        unknown = [word for word, side in sides.items() if side is None]
        if unknown:
            options = " ".join(f"--label {word!r}=defective" for word in unknown)
            raise DatasetError(
                f"{place} has the {'label' if len(unknown) == 1 else 'labels'} {', '.join(map(repr, unknown))}: "
                f"is that good or a defect? Say so: {options} (or =good)"
            )
        return {word: _kind(word) if side else GOOD for word, side in sides.items()}

    def _defective(self, word: str, *, masked: bool = False) -> bool | None:
        """True, False, or None where the word does not say."""
        plain = plain_word(word)
        if plain in self.told:
            return self.told[plain]
        known = _known(word)
        return True if known is None and masked else known


def _known(word: str) -> bool | None:
    plain = plain_word(word)
    if plain in GOOD_WORDS or re.fullmatch(r"0( 0+)?", plain):
        return False
    if plain in BARE_WORDS or re.fullmatch(r"1( 0+)?", plain):
        return True
    parts = plain.split()
    named = any(
        part.startswith(DEFECT_STEMS) and not part.endswith(("less", "los", "free")) for part in parts
    )
    return True if named and NEGATIONS.isdisjoint(parts) else None


def _kind(word: str) -> str:
    """The defect's name; ``defective`` for numbers and truth values, which are no names."""
    return DEFECTIVE if plain_word(word) in {"true", "positive"} or plain_word(word).startswith("1") else word
