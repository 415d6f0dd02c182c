"""What an inspection was made with, beside what its verdict says: enough to make it again."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import Field

from echo_agent.context import Context
from echo_agent.files import digest_of
from echo_agent.observing import hide_secrets
from echo_agent.state import Question, Value, Verdict


@cache
def echo_version() -> str:
    """Version of the Echo that is installed."""
    return version("echo-agent")


class Provenance(Value):
    """What an inspection was made with.

    Attributes:
        echo: Version of Echo.
        settings: The run's settings, see ``Context``; the model as it was named, whoever named it.
        question: What was asked.
        card: SHA-256 of the knowledge card.
    """

    echo: str = Field(default_factory=echo_version)
    settings: dict[str, Any] = Field(default_factory=dict)
    question: Question | None = None
    card: str | None = None


def provenance(
    context: Context, model: str | None, question: Question | None, verdict: Verdict
) -> Provenance:
    """Notes what an inspection was made with.

    Args:
        context: The run's settings.
        model: Name of the Decision Maker; None where an object was handed in.
        question: What was asked.
        verdict: What came of it.
    """
    settings = context.model_dump(mode="json", exclude={"memory", "record", "human_review"}) | {
        "mllm": None if model is None else hide_secrets(model)
    }
    return Provenance(settings=settings, question=question, card=card_digest(verdict))


def card_digest(verdict: Verdict) -> str | None:
    """SHA-256 of the knowledge card that a verdict names; None without one, and where it is gone."""
    named = verdict.knowledge.card_file if verdict.knowledge is not None else None
    return digest_of(Path(named)) if named is not None and Path(named).is_file() else None
