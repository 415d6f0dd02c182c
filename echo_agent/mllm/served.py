"""A model behind an OpenAI-compatible server (vLLM, SGLang, Ollama, llama.cpp), asked over HTTP."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from echo_agent.errors import AnswerError, MissingExtraError, ModelError, ModelTimeoutError
from echo_agent.images.budget import as_data_url, within_budget
from echo_agent.images.decoding import load_image
from echo_agent.mllm.prompts import CasePrompt, Wording, wordings
from echo_agent.mllm.scoring import ScoredPrompt, average
from echo_agent.settings import process_settings
from echo_agent.state import DecidedBy

_TOP_LOGPROBS = 20
_AT_ONCE = 8
_RETRIES = 2


class ServedModel:
    """A served model as scorer of choices and writer of text.

    Choices are read from the first token's log-probabilities. A server without them is asked for structured
    output in each order, and the votes become probabilities by the rule of succession.

    Args:
        url: Base URL of the server, such as ``http://localhost:8000/v1``.
        model: Name under which the server knows the model.
        timeout: Seconds an answer may take.
        api_key: Key, where the server wants one.
        max_pixels: Pixels an image is reduced to at most.
    """

    def __init__(self, url: str, model: str, *, timeout: float, api_key: str, max_pixels: int) -> None:
        self._url = url
        self._model = model
        self._max_pixels = max_pixels
        self._logprobs = True
        self._chat = _open(url, model, timeout, api_key)

    @classmethod
    def from_settings(cls, url: str, model: str) -> "ServedModel":
        """Returns a served model under this process's settings; nothing is sent yet."""
        settings = process_settings()
        return cls(
            url,
            model,
            timeout=settings.mllm_timeout,
            api_key=settings.mllm_api_key.get_secret_value(),
            max_pixels=settings.mllm_max_pixels,
        )

    @property
    def chat(self) -> BaseChatModel:
        """The LangChain chat model, for conversations."""
        return self._chat

    def decided_by(self) -> DecidedBy:
        """Names the model and its server."""
        return DecidedBy(name="mllm", model=self._model, revision=f"served at {self._url}")

    def write(self, messages: list[BaseMessage]) -> AIMessage:
        """Writes an answer; images named by path travel as data."""
        with self._told():
            return self._chat.invoke(self._sent(messages, self._max_pixels))

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all questions of all prompts, several requests at a time."""
        return [self._score(prompt, orders) for prompt in prompts]

    def _score(self, prompt: CasePrompt, orders: int) -> ScoredPrompt:
        shown = [wording for question in prompt.questions for wording in wordings(question, orders)]
        pixels = prompt.max_pixels or self._max_pixels
        conversations = [self._sent(prompt.conversation(wording.text()), pixels) for wording in shown]
        scored = self._by_logprobs(shown, conversations) if self._logprobs else None
        if scored is None:
            self._logprobs = False
            scored = self._by_votes(shown, conversations)
        return scored

    def _by_logprobs(
        self, shown: list[Wording], conversations: list[list[BaseMessage]]
    ) -> ScoredPrompt | None:
        """Returns scores from log-probabilities; None where the server has none."""
        from openai import BadRequestError

        asked = self._chat.bind(logprobs=True, top_logprobs=_TOP_LOGPROBS, max_tokens=1)
        with self._told():
            try:
                answers = asked.batch(list(conversations), config={"max_concurrency": _AT_ONCE})
            except BadRequestError as error:
                if "logprob" not in str(error).lower():
                    raise
                return None
        read = [_label_logprobs(wording, answer) for wording, answer in zip(shown, answers, strict=True)]
        scored = [
            (wording, values) for wording, values in zip(shown, read, strict=True) if values is not None
        ]
        if len(scored) < len(shown):
            return None
        return ScoredPrompt(average(scored), *_tokens(answers))

    def _by_votes(self, shown: list[Wording], conversations: list[list[BaseMessage]]) -> ScoredPrompt:
        answers = []
        with self._told():
            for wording, conversation in zip(shown, conversations, strict=True):
                answers.append(self._chat.bind(response_format=_schema(wording)).invoke(conversation))
        votes: dict[str, dict[str, int]] = {}
        for wording, answer in zip(shown, answers, strict=True):
            count = votes.setdefault(
                wording.question.name, dict.fromkeys((k for k, _ in wording.question.options), 0)
            )
            count[self._voted(wording, answer)] += 1
        return ScoredPrompt(
            {
                name: {key: (n + 1) / (sum(count.values()) + len(count)) for key, n in count.items()}
                for name, count in votes.items()
            },
            *_tokens(answers),
        )

    def _voted(self, wording: Wording, answer: AIMessage) -> str:
        """Returns the key of the option that a structured answer names."""
        try:
            label = json.loads(answer.text)["choice"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise AnswerError(f"{self._model} did not answer with a choice: {answer.text[:80]!r}") from error
        if label not in wording.labels:
            raise AnswerError(f"{self._model} chose {label!r}, which is none of {', '.join(wording.labels)}")
        return wording.question.options[wording.order[wording.labels.index(label)]][0]

    def _sent(self, messages: Sequence[BaseMessage], max_pixels: int) -> list[BaseMessage]:
        """Returns messages whose images named by path are replaced by data URLs."""
        return [
            message.model_copy(update={"content": [_as_sent(block, max_pixels) for block in message.content]})
            if isinstance(message.content, list)
            else message
            for message in messages
        ]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the client's errors into Echo's, each with its remedy."""
        import openai

        try:
            yield
        except openai.APITimeoutError as error:
            raise ModelTimeoutError(f"{self._url} did not answer in time: raise ECHO_MLLM_TIMEOUT") from error
        except openai.APIConnectionError as error:
            raise ModelError(f"{self._url} cannot be reached: start the server or correct --mllm") from error
        except openai.APIStatusError as error:
            raise ModelError(self._status(error.status_code, error.message)) from error

    def _status(self, code: int, message: str) -> str:
        if code in (401, 403):
            return f"{self._url} refuses the key ({code}): set ECHO_MLLM_API_KEY"
        if code == 404:
            return (
                f"{self._url} does not serve {self._model!r} (404): ask {self._url}/models for what it serves"
            )
        if code >= 500:
            return f"{self._url} failed {_RETRIES + 1} times ({code}): look at the server's log"
        return f"{self._url} refuses the request ({code}): {message[:200]}"


def _open(url: str, model: str, timeout: float, api_key: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        import_module("langchain_openai")
    except ImportError as error:
        raise MissingExtraError("langchain-openai", "served") from error
    return init_chat_model(
        model,
        model_provider="openai",
        base_url=url,
        api_key=api_key,
        timeout=timeout,
        max_retries=_RETRIES,
        temperature=0,
        use_responses_api=False,
    )


def _as_sent(block: str | dict[str, Any], max_pixels: int) -> str | dict[str, Any]:
    if isinstance(block, dict) and block.get("type") == "image" and "path" in block:
        image = within_budget(load_image(block["path"]), max_pixels)
        return {"type": "image_url", "image_url": {"url": as_data_url(image)}}
    return block


def _schema(wording: Wording) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {
            "name": "choice",
            "strict": True,
            "schema": {
                "type": "object",
                "properties": {"choice": {"type": "string", "enum": list(wording.labels)}},
                "required": ["choice"],
                "additionalProperties": False,
            },
        },
    }


def _label_logprobs(wording: Wording, answer: AIMessage) -> list[float] | None:
    """Returns the log-probability of each label; an unlisted one gets the least listed, its bound.

    None where the server sent no log-probabilities or listed none of the labels.
    """
    content = (answer.response_metadata.get("logprobs") or {}).get("content") or []
    listed = content[0].get("top_logprobs") or [] if content else []
    if not listed:
        return None
    masses: dict[str, float] = {}
    for entry in listed:
        label = str(entry["token"]).strip()
        masses[label] = masses.get(label, 0.0) + math.exp(entry["logprob"])
    if not any(label in masses for label in wording.labels):
        return None
    least = min(math.exp(entry["logprob"]) for entry in listed)
    return [math.log(max(masses.get(label, least), 1e-30)) for label in wording.labels]


def _tokens(answers: Sequence[AIMessage]) -> tuple[int | None, int | None]:
    usage = [answer.usage_metadata for answer in answers if answer.usage_metadata is not None]
    if not usage:
        return None, None
    return sum(u["input_tokens"] for u in usage), sum(u["output_tokens"] for u in usage)
