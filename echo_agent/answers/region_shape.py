"""The shape of suspicious regions in numbers and in the words that describe defects."""

import math
from collections.abc import Sequence

from echo_agent.answers.text_similarity import words
from echo_agent.state import ImageRef, Region, Value

_WORDS_OF = {
    "long": "line thin long scratch crack fold crease cut fibre thread hair wire seam streak groove",
    "round": "round spot dot pit hole drop blob blowhole bubble poke puncture dent stain particle speck",
    "large": "broad wide area large whole patch uneven fray rough worn discolouration broken smear",
    "small": "small tiny thin short pit spot dot drop poke puncture speck particle fine",
    "edge": "edge border rim corner chip chipped break margin",
}
_SAID_OF = {trait: frozenset(said.split()) for trait, said in _WORDS_OF.items()}
"""Words of a description that speak of a trait."""


class RegionShape(Value):
    """What the most suspicious region looks like, each trait in 0..1, and how many regions there are.

    Attributes:
        traits: ``long``, ``round``, ``large``, ``small`` and ``edge`` to how far they hold.
        count: Number of regions.
    """

    traits: dict[str, float]
    count: int

    def fit(self, text: str) -> float:
        """How well a description fits: the mean of the traits it speaks of, and whether its count is right.

        Args:
            text: Description of a defect.

        Returns:
            -0.5 to 1.5; 0 for a text that speaks of no trait.
        """
        said = set(words(text))
        named = [held for trait, held in self.traits.items() if said.intersection(_SAID_OF[trait])]
        counts = [int(word) for word in words(text)[:1] if word.isdigit()]
        fit = sum(named) / len(named) - 0.5 if named else 0.0
        return fit + (1.0 / (1 + abs(counts[0] - self.count)) if counts else 0.0)

    def in_words(self) -> str:
        """The traits that hold, for a person."""
        holding = [trait for trait, held in self.traits.items() if held >= 0.6]
        return " and ".join(holding) or "of no marked shape"


def describe_regions(regions: Sequence[Region], image: ImageRef) -> RegionShape:
    """Measures the most suspicious region.

    Args:
        regions: Suspicious areas, most suspicious first.
        image: The image, for its size.

    Returns:
        Its traits; all 0 without regions.
    """
    if not regions:
        return RegionShape(traits=dict.fromkeys(_SAID_OF, 0.0), count=0)
    region = regions[0]
    # Area over that of a circle on the longest extent: 1 for a disc, towards 0 for a line.
    fullness = min(1.0, 4 * region.area_px / (math.pi * region.length_px**2))
    share = region.area_px / (image.width * image.height)
    size = min(1.0, max(0.0, (math.log10(max(share, 1e-6)) + 3) / 2.5))
    box = region.box
    at_edge = box.left <= 1 or box.top <= 1 or box.right >= image.width - 1 or box.bottom >= image.height - 1
    return RegionShape(
        traits={
            "long": 1 - fullness,
            "round": fullness,
            "large": size,
            "small": 1 - size,
            "edge": 1.0 if at_edge else 0.0,
        },
        count=len(regions),
    )
