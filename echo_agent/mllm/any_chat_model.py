"""Any LangChain chat model as Decision Maker: handed in, or named as ``provider:model``."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from echo_agent.errors import AnswerError, EchoError, ModelError, ModelServerError
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.prompts import CasePrompt, Wording, wordings
from echo_agent.mllm.scoring import ScoredPrompt
from echo_agent.mllm.served import by_votes
from echo_agent.mllm.served_chat import with_data_urls
from echo_agent.state import DecidedBy

REFUSED = (401, 403, 404)
"""HTTP statuses that no further try changes: the key, or the model's name."""

_LABEL = re.compile(r"\W*([A-Z]|[1-9])\b")

_OTHER_LABEL = re.compile(r"(?<![\w'])([A-Z]|[1-9])(?![\w'])(?!(?<=A)\s+[a-z])")
"""A label within an answer; an A before a small letter is an article."""

T = TypeVar("T")


def chat_model_decider(model: BaseChatModel, max_pixels: int) -> MllmDecider:
    """The Decision Maker over a chat model that reads images."""
    asked = AskedChatModel(model, max_pixels)
    return MllmDecider(asked, asked.write, max_pixels=max_pixels, chat=model)


def named_chat_model(name: str) -> BaseChatModel:
    """Opens ``provider:model`` by LangChain's ``init_chat_model``; keys and addresses are the provider's own variables.

    Raises:
        ModelError: The provider's package is missing, the provider is unknown, or it wants what is not set.
    """
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(name)
    except ImportError as error:
        raise ModelError(f"{name} needs a package that is not installed: {_first_line(error)}") from error
    except Exception as error:  # each provider raises errors of its own, told here in one sentence
        raise ModelError(f"{name} cannot be opened as a chat model: {_first_line(error)}") from error


class AskedChatModel:
    """A chat model as scorer of choices and writer of text.

    It is asked for the label of an option in each order of the options; the votes become probabilities by the rule of
    succession. Images travel as data URLs.
    """

    def __init__(self, model: BaseChatModel, max_pixels: int) -> None:
        self._model = model
        self._max_pixels = max_pixels

    def decided_by(self) -> DecidedBy:
        """Names the model and its class."""
        names = (getattr(self._model, key, None) for key in ("model_name", "model"))
        kind = type(self._model).__name__
        return DecidedBy(
            name="mllm", model=str(next(filter(None, names), kind)), revision=f"LangChain {kind}"
        )

    def write(self, messages: list[BaseMessage]) -> AIMessage:
        """Writes an answer."""
        return self._told(lambda: self._model.invoke(with_data_urls(messages, self._max_pixels)))

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all questions of all prompts, all wordings of a prompt at once."""
        return [self._score(prompt, orders) for prompt in prompts]

    def _score(self, prompt: CasePrompt, orders: int) -> ScoredPrompt:
        shown = [wording for question in prompt.questions for wording in wordings(question, orders)]
        urls: dict[str, str] = {}
        pixels = prompt.max_pixels or self._max_pixels
        asked = [with_data_urls(prompt.conversation(wording.text()), pixels, urls) for wording in shown]
        answers = self._told(lambda: self._model.batch(list(asked)))
        voted = [self._voted(wording, answer.text) for wording, answer in zip(shown, answers, strict=True)]
        usage = [answer.usage_metadata for answer in answers if answer.usage_metadata is not None]
        read = sum(one["input_tokens"] for one in usage) if usage else None
        return ScoredPrompt(
            by_votes(shown, voted), read, sum(one["output_tokens"] for one in usage) if usage else None
        )

    def _voted(self, wording: Wording, text: str) -> str:
        """The key of the option whose label the answer begins with, and names no other one's: ``A or B`` is none."""
        found = _LABEL.match(text)
        more = text[found.end() :] if found is not None else ""
        others = set(_OTHER_LABEL.findall(more)) - {found.group(1) if found is not None else ""}
        if found is None or found.group(1) not in wording.labels or others & set(wording.labels):
            raise AnswerError(
                f"{self.decided_by().model} answered {text[:80]!r}, which is none of {', '.join(wording.labels)}"
            )
        return wording.question.options[wording.order[wording.labels.index(found.group(1))]][0]

    def _told(self, ask: Callable[[], T]) -> T:
        return told(self.decided_by().model, ask)


def told(name: str, ask: Callable[[], T]) -> T:
    """Asks a chat model; an error of its provider's, which may be of any type, becomes one of Echo's.

    Raises:
        ModelError: It refuses the request.
        ModelServerError: It failed.
    """
    try:
        return ask()
    except EchoError:
        raise
    except Exception as error:  # providers have no common base of their errors
        what = _first_line(error)
        if getattr(error, "status_code", None) in REFUSED:
            raise ModelError(f"{name} refuses the request: {what}") from error
        raise ModelServerError(f"{name} failed ({type(error).__name__}): {what}") from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[
        :300
    ]
