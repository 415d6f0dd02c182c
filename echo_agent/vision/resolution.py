"""The size at which an image is encoded: its own aspect ratio, a fixed area."""


def working_size(width: int, height: int, side: int, multiple: int) -> tuple[int, int]:
    """Size at which an image is encoded.

    Args:
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        side: Side of the square whose area the result has, nearly.
        multiple: Both sides of the result are multiples of it, so the aspect ratio is kept up to that rounding.

    Returns:
        Width and height in pixels, at least ``multiple`` each.
    """
    factor = (side * side / (width * height)) ** 0.5
    columns, rows = (
        max(multiple, round(length * factor / multiple) * multiple) for length in (width, height)
    )
    return columns, rows
