"""A verdict's values in words: one notation for every text that shows them."""

from echo_agent.state.value import Label
from echo_agent.state.verdict import Verdict

MEANING: dict[Label, str] = {
    "normal": "normal",
    "defective": "defective",
    "review": "a person should look",
}


def headline(verdict: Verdict) -> str:
    """Returns the label with its confidence, such as ``defective, 93 % sure``."""
    if verdict.label == "review":
        return f"review: {MEANING['review']}"
    return f"{MEANING[verdict.label]}, {percent(verdict.confidence)} sure"


def percent(share: float) -> str:
    """Returns a share in 0..1 as per cent; never rounded up to 100 or down to 0."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"
