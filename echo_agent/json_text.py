"""JSON from outside: read within bounds, or refused as a ``ValueError``."""

import json
from math import isinf
from typing import Any, NoReturn

MAX_DEPTH = 64
"""Lists and objects in each other at most."""


def parse_json(text: str) -> Any:
    """Reads JSON text by RFC 8259.

    Returns:
        Its value. All texts in it can be encoded: none holds half of a surrogate pair.

    Raises:
        ValueError: It is no JSON (NaN and the infinities are none), nested too deeply, or a number is too large.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check(value, MAX_DEPTH)
    return value


def _check(value: Any, left: int) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, float) and isinf(value):
        raise ValueError("a number is too large")
    elif isinstance(value, list | dict):
        if left == 0:
            raise ValueError("it is nested too deeply")
        for inner in value:
            _check(inner, left - 1)
        if isinstance(value, dict):
            for inner in value.values():
                _check(inner, left - 1)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
