"""A server's answers, read by a schema: what does not fit it is no answer."""

import math
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from echo_agent.errors import AnswerError

MAX_CHARACTERS = 100_000
"""Longest text that a model may write."""

T = TypeVar("T", bound=BaseModel)

Count = Annotated[int, Field(ge=0, le=10**9)]


class _Part(BaseModel):
    """A part of an answer: types are taken as they stand, what else a server says is left aside."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Likely(_Part):
    """A token that might have come, with its natural log-probability (rounding may lift it a little above 0)."""

    token: str = Field(max_length=1000)
    logprob: FiniteFloat = Field(le=0.01)


class Token(_Part):
    """A token that came, and those that might have."""

    top_logprobs: tuple[Likely, ...] | None = Field(default=None, max_length=1000, strict=False)


class Logprobs(_Part):
    """The tokens of an answer."""

    content: tuple[Token, ...] | None = Field(default=None, max_length=MAX_CHARACTERS, strict=False)


class Message(_Part):
    """What the model wrote."""

    content: str | None = Field(default=None, max_length=MAX_CHARACTERS)


class Choice(_Part):
    """One answer."""

    message: Message
    logprobs: Logprobs | None = None
    finish_reason: str | None = Field(default=None, max_length=100)


class Usage(_Part):
    """Tokens that were read and written."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0


class Completion(_Part):
    """An answer to one request."""

    choices: tuple[Choice, ...] = Field(min_length=1, max_length=16, strict=False)
    usage: Usage | None = None

    @property
    def text(self) -> str:
        """What the model wrote."""
        return self.choices[0].message.content or ""

    @property
    def first_token(self) -> tuple[Likely, ...]:
        """Tokens that might have come first; none where the server does not tell."""
        told = self.choices[0].logprobs
        tokens = told.content if told is not None else None
        return (tokens[0].top_logprobs or ()) if tokens else ()


class Delta(_Part):
    """What a piece of a stream adds."""

    choices: tuple["DeltaChoice", ...] = Field(default=(), max_length=16, strict=False)
    usage: Usage | None = None

    @property
    def text(self) -> str:
        """The text that is added."""
        return (self.choices[0].delta.content or "") if self.choices else ""


class DeltaChoice(_Part):
    """One answer of a piece of a stream."""

    delta: Message = Message()


class Vote(_Part):
    """A structured answer to a closed question."""

    choice: str = Field(max_length=100)


def read(kind: type[T], data: bytes | str, model: str) -> T:
    """Reads an answer.

    Args:
        kind: What it should be.
        data: What came.
        model: How the model is called in errors.

    Raises:
        AnswerError: It is something else.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][:8])
        said = (data if isinstance(data, str) else data.decode("utf-8", "replace"))[:80]
        told = f"{where}: {first['msg']}" if where else first["msg"]
        raise AnswerError(f"{model} gave no answer that can be read ({told[:200]}): {said!r}") from error


def label_logprobs(completion: Completion, labels: tuple[str, ...]) -> list[float] | None:
    """Returns the log-probability of each label as first token; an unlisted one gets the least listed, its bound.

    None where none of the labels is listed.
    """
    masses: dict[str, float] = {}
    for likely in completion.first_token:
        label = likely.token.strip()
        masses[label] = masses.get(label, 0.0) + math.exp(likely.logprob)
    if not any(label in masses for label in labels):
        return None
    least = min(math.exp(likely.logprob) for likely in completion.first_token)
    return [math.log(max(masses.get(label, least), 1e-30)) for label in labels]
