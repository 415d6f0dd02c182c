"""How much of a region lies in a zone."""

from collections.abc import Sequence

from echo_agent.knowledge.card import Point, Zone
from echo_agent.state import Box


def corners(zone: Zone) -> tuple[Point, ...]:
    """Returns a zone's corners in relative coordinates."""
    if zone.polygon is not None:
        return zone.polygon
    left, top, right, bottom = zone.box or (0.0, 0.0, 1.0, 1.0)
    return (left, top), (right, top), (right, bottom), (left, bottom)


def share_in_zone(box: Box, zone: Zone, width: int, height: int) -> float:
    """Returns the share (0 to 1) of a box that lies in a zone.

    The zone's polygon is clipped to the box edge by edge (Sutherland and Hodgman, 1974) and measured by the
    shoelace formula.

    Args:
        box: Box in pixels.
        zone: Zone in relative coordinates.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
    """
    clipped: Sequence[Point] = [(x * width, y * height) for x, y in corners(zone)]
    for axis, bound, keeps_above in (
        (0, box.left, True),
        (0, box.right, False),
        (1, box.top, True),
        (1, box.bottom, False),
    ):
        clipped = _clip(clipped, axis, bound, keeps_above)
    return min(1.0, polygon_area(clipped) / ((box.right - box.left) * (box.bottom - box.top)))


def polygon_area(polygon: Sequence[Point]) -> float:
    """Returns the area of a simple polygon by the shoelace formula, whichever way round its corners go."""
    return 0.5 * abs(
        sum(
            x0 * y1 - x1 * y0
            for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True)
        )
    )


def _clip(polygon: Sequence[Point], axis: int, bound: float, keeps_above: bool) -> list[Point]:
    """Keeps what lies on one side of a line across the image (x or y equal to ``bound``)."""

    def is_inside(point: Point) -> bool:
        return point[axis] >= bound if keeps_above else point[axis] <= bound

    kept: list[Point] = []
    for previous, current in zip([*polygon[-1:], *polygon[:-1]], polygon, strict=True):
        if is_inside(previous) != is_inside(current):
            part = (bound - previous[axis]) / (current[axis] - previous[axis])
            x = previous[0] + part * (current[0] - previous[0])
            y = previous[1] + part * (current[1] - previous[1])
            kept.append((bound, y) if axis == 0 else (x, bound))
        if is_inside(current):
            kept.append(current)
    return kept
