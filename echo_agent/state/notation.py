"""A verdict's values in words: one notation for every text that shows them."""

from echo_agent.state.decision import Attempt
from echo_agent.state.image import Region
from echo_agent.state.value import Label
from echo_agent.state.verdict import Verdict
from echo_agent.strictness import Origin, Strictness, StrictnessSettings

MEANING: dict[Label, str] = {
    "normal": "normal",
    "defective": "defective",
    "review": "a person should look",
}


def headline(verdict: Verdict) -> str:
    """Returns the label with its confidence, such as ``defective, 93 % sure, uncalibrated``."""
    if verdict.label == "review":
        return f"review: {MEANING['review']}"
    return f"{MEANING[verdict.label]}, {sure(verdict)}"


def sure(told: Verdict | Attempt) -> str:
    """Returns a confidence, and whether it was fitted on labelled images: ``93 % sure, uncalibrated``."""
    return f"{percent(told.confidence)} sure, {calibrated(told)}"


def calibrated(told: Verdict | Attempt) -> str:
    """Returns whether a confidence was fitted on labelled images."""
    return "calibrated" if told.confidence_calibrated else "uncalibrated"


def percent(share: float, digits: int = 0) -> str:
    """Returns a share in 0..1 as per cent; never rounded up to 100 or down to 0."""
    least = 10**-digits
    if 0 < 100 * share < least:
        return f"under {least:.{digits}f} %"
    if 100 - least < 100 * share < 100:
        return f"over {100 - least:.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


WHOSE: dict[Origin, str] = {
    "call": "this run",
    "product": "the product's setting",
    "card": "its knowledge card",
    "environment": "the environment",
    "default": "default",
}


def counted(number: int, what: str) -> str:
    """A number of things in words: ``1 record``, ``12 records``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def settings_in_words(settings: Strictness | StrictnessSettings) -> str:
    """Returns the settings that are given, such as ``max_false_reject 5 %``; a dash where there is none."""
    said = StrictnessSettings.of(settings).said()
    return ", ".join(f"{name} {100 * value:g} %" for name, value in said.items()) or "-"


def strictness_in_words(strictness: Strictness) -> str:
    """Returns each setting with where it comes from, such as ``max_false_reject 5 % (the product's setting)``."""
    return ", ".join(f"{name} {value}" for name, value in each_strictness(strictness).items())


def each_strictness(strictness: Strictness) -> dict[str, str]:
    """Returns each setting by name, such as ``5 % (the product's setting)``."""
    return {
        name: f"{100 * getattr(strictness, name):g} % ({WHOSE[getattr(strictness, f'{name}_from')]})"
        for name in StrictnessSettings.model_fields
    }


def threshold_in_words(threshold: float, strictness: Strictness) -> str:
    """Returns a threshold, and the rate that it is for where somebody said it."""
    words, whose = f"threshold {threshold:.2f}", strictness.max_false_reject_from
    if whose == "default":
        return words
    return f"{words} for {100 * strictness.max_false_reject:g} % false rejects by {WHOSE[whose]}"


def amount(value: float, unit: str, low: float | None = None, high: float | None = None) -> str:
    """Returns a measurement with its unit, and its uncertainty where the ends differ: ``240 px2 (200 to 280)``.

    Args:
        value: The best estimate.
        unit: ``mm``, ``mm2``, ``px``, ``px2``, ``%``, or ``count``, which is not written.
        low: Lower end.
        high: Upper end.
    """
    number = _number(value, unit) if unit == "count" else f"{_number(value, unit)} {unit}"
    if low is None or high is None or low == high:
        return number
    return f"{number} ({_number(low, unit)} to {_number(high, unit)})"


def _number(value: float, unit: str) -> str:
    """Whole pixels and counts; else three digits that count, and no power of ten."""
    return f"{value:.0f}" if unit in {"px", "px2", "count"} or value >= 100 else f"{value:.3g}"


def length(region: Region) -> str:
    """Returns a region's longest extent, such as ``44 px``."""
    return amount(region.length_px, "px")


def area(region: Region) -> str:
    """Returns a region's area with its uncertainty, such as ``240 px2 (200 to 280)``."""
    return amount(region.area_px, "px2", region.area_px_low, region.area_px_high)


def peak(region: Region) -> str:
    """Returns how much a region stands out, such as ``3.2 x the most in good parts``."""
    return f"{region.peak:.1f} x the most in good parts"


def at(place: str) -> str:
    """Returns ``at the top left``, ``in the centre`` and so on."""
    return f"in the {place}" if place == "centre" else f"at the {place}"


def region_in_words(region: Region) -> str:
    """Returns a region's place, size and strength."""
    return (
        f"{region.id} {at(region.place)}: {length(region)} long, {area(region)} in area, peak {peak(region)}"
    )
