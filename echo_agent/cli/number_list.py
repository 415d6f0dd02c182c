"""Options that list whole numbers: ``4,16`` or ``0-4``."""

import typer


def number_list(text: str, *, least: int = 0) -> list[int]:
    """Reads numbers and ranges between commas, without repeats, in their order.

    Args:
        text: Such as ``4,16`` or ``0-4``; a range holds both of its ends.
        least: Smallest number that is allowed.

    Raises:
        typer.BadParameter: A part is no number or range, or a number is smaller than ``least``.
    """
    numbers: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isdecimal() for end in ends) or int(ends[0]) > int(ends[-1]):
            raise typer.BadParameter(f"{part.strip()!r} is no number and no range such as 0-4")
        numbers += range(int(ends[0]), int(ends[-1]) + 1)
    if min(numbers) < least:
        raise typer.BadParameter(f"{min(numbers)} is too small: give {least} or more")
    return list(dict.fromkeys(numbers))
