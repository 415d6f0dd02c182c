"""Which encoder sees an image at which resolution, on each level of the escalation."""

from dataclasses import dataclass

from echo_agent.context import Encoders


@dataclass(frozen=True)
class WorkingResolution:
    """An encoder's working resolution.

    Attributes:
        scale: Multiple of the encoder's own.
        second: Whether it is the second encoder's.
        tiled: Whether it is that of tiles; see ``memory.tiles``.
    """

    scale: float
    second: bool = False
    tiled: bool = False

    @property
    def file_name(self) -> str:
        """File of what is fitted at it, in the folder of a product's version."""
        if self.tiled:
            return "tiles.npz"
        if self.second:
            return f"second-{SECOND.index(self)}.npz"
        return f"resolution-{FIRST.index(self)}.npz"


FIRST = tuple(WorkingResolution(scale) for scale in (1.0, 1.25, 1.12))
SECOND = (WorkingResolution(1.0, second=True),)
TILES = (WorkingResolution(1.0, tiled=True),)

Level = tuple[WorkingResolution, ...]


def escalation_levels(encoders: Encoders, has_second: bool, tiled: bool = False) -> tuple[Level, ...]:
    """What is looked at on each level of the escalation: each brings something that the one before lacks.

    Args:
        encoders: Which encoders take part, and when.
        has_second: Whether the product has a second encoder; ``both`` and ``second`` need one.
        tiled: Whether the product is looked at in tiles, on each level: what is small shows in no other look.
    """
    if tiled:
        return tuple(TILES + level for level in escalation_levels(encoders, has_second))
    if encoders == "second":
        return (SECOND,)
    if encoders == "first" or not has_second:
        return tuple(FIRST[: level + 1] for level in range(len(FIRST)))
    once, joint, finer = FIRST[:1], FIRST[:1] + SECOND, FIRST[:2] + SECOND
    return (joint, finer) if encoders == "both" else (once, joint, finer)


def first_look(tiled: bool) -> Level:
    """What is looked at first, by the memory's encoder alone."""
    return escalation_levels("first", has_second=False, tiled=tiled)[0]


def brings_second(levels: tuple[Level, ...], level: int) -> bool:
    """Whether the level after this one brings a second encoder that has not looked yet."""
    after = levels[level + 1 :][:1]
    return any(at.second for level_after in after for at in level_after) and not any(
        at.second for at in levels[level]
    )
