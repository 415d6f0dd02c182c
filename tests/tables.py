"""Tables as tests read them."""

import re


def unpadded(table: str) -> str:
    """A Markdown table without the blanks that align its columns."""
    return re.sub(r" +", " ", table)
