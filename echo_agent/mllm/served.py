"""A model behind an OpenAI-compatible server (vLLM, SGLang, Ollama, llama.cpp), asked over HTTP."""

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from echo_agent.errors import AnswerError
from echo_agent.mllm.prompts import CasePrompt, Wording, wordings
from echo_agent.mllm.scoring import ScoredPrompt, average
from echo_agent.mllm.served_answers import Completion, Vote, label_logprobs, read
from echo_agent.mllm.served_chat import ServedChat, as_sent
from echo_agent.mllm.served_http import Body, ModelServer, NoLogprobsError
from echo_agent.settings import Settings
from echo_agent.state import DecidedBy

_TOP_LOGPROBS = 20


class ServedModel:
    """A served model as scorer of choices and writer of text.

    Choices are read from the first token's log-probabilities. A server without them is asked for structured
    output in each order, and the votes become probabilities by the rule of succession. All wordings of a case
    are asked at once, and must be answered within one time.

    Args:
        url: Base URL of the server, such as ``http://localhost:8000/v1``.
        model: Name under which the server knows the model.
        timeout: Seconds an answer may take, tries after faults included.
        api_key: Key, where the server wants one.
        max_pixels: Pixels an image is reduced to at most.
    """

    def __init__(self, url: str, model: str, *, timeout: float, api_key: str, max_pixels: int) -> None:
        self._server = ModelServer(url, model, api_key, timeout)
        self._max_pixels = max_pixels
        self._logprobs = True
        self._chat = ServedChat(server=self._server, max_pixels=max_pixels)

    @classmethod
    def from_settings(cls, url: str, model: str, settings: Settings) -> "ServedModel":
        """Returns a served model under these settings; nothing is sent yet."""
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
        return DecidedBy(name="mllm", model=self._server.model, revision=f"served at {self._server.url}")

    def write(self, messages: list[BaseMessage]) -> AIMessage:
        """Writes an answer; images named by path travel as data."""
        return self._chat.invoke(messages)

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all questions of all prompts, all wordings of a prompt at once."""
        return [self._score(prompt, orders) for prompt in prompts]

    def _score(self, prompt: CasePrompt, orders: int) -> ScoredPrompt:
        shown = [wording for question in prompt.questions for wording in wordings(question, orders)]
        urls: dict[str, str] = {}
        pixels = prompt.max_pixels or self._max_pixels
        bodies: list[Body] = [
            {"messages": as_sent(prompt.conversation(wording.text()), pixels, urls)} for wording in shown
        ]
        scored = self._by_logprobs(shown, bodies) if self._logprobs else None
        return scored or self._by_votes(shown, bodies)

    def _by_logprobs(self, shown: list[Wording], bodies: list[Body]) -> ScoredPrompt | None:
        """Returns scores from log-probabilities; None where the server tells none, or none of a label."""
        asked = {"logprobs": True, "top_logprobs": _TOP_LOGPROBS, "max_tokens": 1}
        try:
            answers = self._ask([{**body, **asked} for body in bodies])
        except NoLogprobsError:
            self._logprobs = False
            return None
        if not any(answer.first_token for answer in answers):
            self._logprobs = False
        scored: list[tuple[Wording, list[float]]] = []
        for wording, answer in zip(shown, answers, strict=True):
            values = label_logprobs(answer, wording.labels)
            if values is None:
                return None
            scored.append((wording, values))
        return ScoredPrompt(average(scored), *_tokens(answers))

    def _by_votes(self, shown: list[Wording], bodies: list[Body]) -> ScoredPrompt:
        answers = self._ask(
            [
                {**body, "response_format": _schema(wording)}
                for wording, body in zip(shown, bodies, strict=True)
            ]
        )
        voted = [self._voted(wording, answer) for wording, answer in zip(shown, answers, strict=True)]
        return ScoredPrompt(by_votes(shown, voted), *_tokens(answers))

    def _ask(self, bodies: list[Body]) -> list[Completion]:
        return [read(Completion, data, self._server.model) for data in self._server.ask(bodies)]

    def _voted(self, wording: Wording, answer: Completion) -> str:
        """Returns the key of the option that a structured answer names."""
        label = read(Vote, answer.text, self._server.model).choice
        if label not in wording.labels:
            raise AnswerError(
                f"{self._server.model} chose {label!r}, which is none of {', '.join(wording.labels)}"
            )
        return wording.question.options[wording.order[wording.labels.index(label)]][0]


def by_votes(shown: Sequence[Wording], voted: Sequence[str]) -> dict[str, dict[str, float]]:
    """Probabilities from the option that was chosen in each wording, by the rule of succession.

    Args:
        shown: The wordings.
        voted: The key of the option that was chosen in each.

    Returns:
        By the question's name, the probability of each option's key.
    """
    votes: dict[str, dict[str, int]] = {}
    for wording, key in zip(shown, voted, strict=True):
        keys = (known for known, _ in wording.question.options)
        votes.setdefault(wording.question.name, dict.fromkeys(keys, 0))[key] += 1
    return {
        name: {key: (n + 1) / (sum(count.values()) + len(count)) for key, n in count.items()}
        for name, count in votes.items()
    }


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


def _tokens(answers: Sequence[Completion]) -> tuple[int | None, int | None]:
    usage = [answer.usage for answer in answers if answer.usage is not None]
    if not usage:
        return None, None
    return sum(u.prompt_tokens for u in usage), sum(u.completion_tokens for u in usage)
