"""By what a product's parts are judged: its version, its card and how strict it is; and what of it differs later."""

from echo_agent.errors import EchoError
from echo_agent.files import digest_of
from echo_agent.resources import Resources
from echo_agent.state.notation import each_strictness

Standards = dict[str, str]
"""What is judged by, in words by its name."""


def standards(resources: Resources, product: str) -> Standards:
    """By what this run judges the parts of a product; why it cannot, where the product or its card is not readable."""
    try:
        version = resources.memory.product(product).version
        card, strictness = resources.card(product), resources.strictness(product)
    except EchoError as error:
        return {"product": str(error)}
    digest = "none" if card is None else digest_of(card.file)[:12]
    return {"version": str(version), "card": digest, **each_strictness(strictness)}


def changes(before: Standards, now: Standards) -> list[str]:
    """What differs between two times, in words, such as ``version 3, now 4``."""
    return [
        f"{name} {before.get(name, 'none')}, now {now.get(name, 'none')}"
        for name in dict.fromkeys((*before, *now))
        if before.get(name) != now.get(name)
    ]
