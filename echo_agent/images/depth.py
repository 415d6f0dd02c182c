"""Which values are black and white in photographs of more than 8 bits: the same ones for all of a product."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from echo_agent.errors import ImageError
from echo_agent.state.value import Value

USUAL_BITS = (8, 10, 12, 14, 16)
MAX_BITS = 32

OVERSHOOT = 1.25
"""Floats up to this multiple of white are highlights of an image from 0 to 1; beyond it, it has another scale."""

MAX_CLIPPED = 0.10
"""Share of a photograph's values that may lie beyond a range; with more it has another scale."""


class Depth(Value):
    """The values that are black and white.

    Attributes:
        low: What is black.
        high: What is white.
        bits: Where the scale is that of whole numbers of so many bits: then no value can lie beyond it. None where it
            is a range, beyond which highlights and noise are cut.
    """

    low: float = 0.0
    high: float
    bits: int | None = Field(default=None, ge=8, le=MAX_BITS)

    @classmethod
    def of_bits(cls, bits: int) -> "Depth":
        """The scale of whole numbers of so many bits."""
        return cls(high=2.0**bits - 1, bits=bits)

    def __str__(self) -> str:
        if self.bits is not None:
            return f"{self.bits} bits (0 to {self.high:.0f})"
        return f"{self.low:g}..{self.high:g}"


EIGHT_BITS = Depth.of_bits(8)
SIXTEEN_BITS = Depth.of_bits(16)
UNIT = Depth(high=1.0)


@dataclass(frozen=True)
class ValueRange:
    """What values a photograph of more than 8 bits holds.

    Attributes:
        low: The lowest.
        high: The highest.
        whole: Whether they are whole numbers.
    """

    low: float
    high: float
    whole: bool


def parse_depth(text: str) -> Depth:
    """Reads a depth as a person writes it: ``12`` (bits), or ``0..1`` (the values that are black and white).

    Raises:
        ImageError: It is neither.
    """
    bits = re.fullmatch(r"\s*(\d{1,2})\s*", text)
    if bits and USUAL_BITS[0] <= int(bits[1]) <= MAX_BITS:
        return Depth.of_bits(int(bits[1]))
    number = r"([-+]?\d+(?:\.\d+)?)"
    ends = re.fullmatch(rf"\s*{number}\s*\.\.\s*{number}\s*", text)
    if ends and float(ends[1]) < float(ends[2]):
        return Depth(low=float(ends[1]), high=float(ends[2]))
    raise ImageError(
        f"{text[:40]!r} is no depth: give bits, such as 12, or the values of black and white, such as 0..1"
    )


def found_depth(ranges: Sequence[ValueRange]) -> Depth:
    """Finds the depth of a product out over its photographs of more than 8 bits.

    Whole numbers have the least usual number of bits that holds them all. Floats are from 0 to 1 where they exceed 1
    by highlights at most, else on the scale of whole numbers that they fill by a quarter at least.

    Args:
        ranges: The values of those photographs; none where all have 8 bits.

    Raises:
        ImageError: The values leave it open; the message asks for ``--depth``.
    """
    if not ranges:
        return EIGHT_BITS
    low, high = min(one.low for one in ranges), max(one.high for one in ranges)
    floats = [one for one in ranges if not one.whole]
    units = [one for one in floats if one.high <= OVERSHOOT]
    if len(units) == len(ranges) and low >= 1.0 - OVERSHOOT:
        return UNIT
    fitting = [bits for bits in USUAL_BITS if high <= Depth.of_bits(bits).high]
    if low >= 0 and not units and fitting:
        depth = Depth.of_bits(fitting[0])
        if not floats or high >= depth.high / 4:
            return depth
    raise ImageError(
        f"the photographs hold values from {low:g} to {high:g}, which leaves open what is black and what is white: "
        "say it by --depth, in bits or as a range, such as --depth 0..1"
    )


def why_unfit(values: ValueRange, beyond: float, depth: Depth) -> str | None:
    """Tells why a photograph cannot have a depth; None where it can.

    Args:
        values: Its values.
        beyond: Share of its values that lie beyond the depth's ends.
        depth: The depth.
    """
    outside = values.low < depth.low or values.high > depth.high
    if (depth.bits is not None and outside) or beyond > MAX_CLIPPED:
        return f"holds values from {values.low:g} to {values.high:g}, beyond {depth}"
    if not values.whole and depth.bits is not None and values.high <= OVERSHOOT:
        return f"holds fractions up to {values.high:g}, which is another scale than {depth}"
    return None
