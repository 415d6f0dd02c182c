"""One way to ask closed questions of any model: local, served or scripted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from echo_agent.errors import AnswerError
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.choice_scoring import score_cases
from echo_agent.mllm.device_memory import CudaMeter, Room
from echo_agent.mllm.prompts import CasePrompt, Wording, label_probabilities, wordings
from echo_agent.mllm.variant_tokens import PreparedCase, Variant, prepare_case
from echo_agent.state import DecidedBy


@dataclass(frozen=True)
class ScoredPrompt:
    """What a model made of the closed questions of a case.

    Attributes:
        probabilities: By the question's name, the probability of each option's key.
        input_tokens: Tokens read; None where the model does not say.
        output_tokens: Tokens written.
    """

    probabilities: dict[str, dict[str, float]]
    input_tokens: int | None = None
    output_tokens: int | None = None


class ChoiceScorer(Protocol):
    """A model that can weigh closed answers."""

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all questions of all prompts, each averaged over up to ``orders`` orders of its options.

        Raises:
            AnswerError: What the model gave cannot be read as a choice.
            ModelTimeoutError: It took too long.
            ModelMemoryError: It ran out of memory.
            ModelError: It cannot be reached or used.
        """
        ...

    def decided_by(self) -> DecidedBy:
        """Names the model, its revision and its dtype."""
        ...


def average(scored: Sequence[tuple[Wording, Sequence[float]]]) -> dict[str, dict[str, float]]:
    """Averages the softmax over the orders of each question, which cancels a liking for a place or a letter.

    Args:
        scored: Wordings with the log-probability of each shown option.

    Returns:
        By the question's name, the probability of each option's key; they sum to 1.

    Raises:
        AnswerError: A number is not finite.
    """
    by_question: dict[str, list[dict[str, float]]] = {}
    for wording, logprobs in scored:
        if not all(math.isfinite(value) for value in logprobs):
            raise AnswerError(f"the scores of {wording.question.name} are not finite: {list(logprobs)}")
        by_question.setdefault(wording.question.name, []).append(label_probabilities(wording, logprobs))
    return {
        name: {key: sum(p[key] for p in orders) / len(orders) for key in orders[0]}
        for name, orders in by_question.items()
    }


@dataclass(frozen=True)
class PreparedPrompt:
    """A prompt on its way into the model: the wordings of its questions, and all as tokens."""

    shown: tuple[Wording, ...]
    case: PreparedCase


class LocalScorer:
    """Scores the choices with a local model: images and evidence of a case run once.

    Args:
        model: The chat model whose checkpoint is used.
    """

    def __init__(self, model: EchoVLM) -> None:
        self._model = model
        self._measured: Room | None = None

    def prepare(self, prompt: CasePrompt, orders: int) -> PreparedPrompt:
        """Reads and encodes a prompt with its questions in up to ``orders`` orders of their options."""
        shown = tuple(w for question in prompt.questions for w in wordings(question, orders))
        variants = [Variant(prompt.conversation(wording.text()), wording.labels) for wording in shown]
        pixels = prompt.max_pixels or self._model.max_pixels
        return PreparedPrompt(shown, prepare_case(self._model.checkpoint, variants, pixels))

    def run(self, prepared: Sequence[PreparedPrompt]) -> list[ScoredPrompt]:
        """Scores prepared prompts together, as many at once as fit."""
        scored: list[ScoredPrompt] = []
        while len(scored) < len(prepared):
            scored += self._run(prepared[len(scored) : len(scored) + self.fitting()])
        return scored

    def _run(self, prepared: Sequence[PreparedPrompt]) -> list[ScoredPrompt]:
        with self._room.taken(len(prepared)):
            scores = score_cases(
                self._model.checkpoint, [prompt.case for prompt in prepared], timeout=self._model.timeout
            )
        return [
            ScoredPrompt(
                average(
                    [(w, scored.logprobs) for w, scored in zip(prompt.shown, case.variants, strict=True)]
                ),
                input_tokens=case.input_tokens,
                output_tokens=0,
            )
            for prompt, case in zip(prepared, scores, strict=True)
        ]

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all prompts as one batch."""
        return self.run([self.prepare(prompt, orders) for prompt in prompts])

    def fitting(self) -> int:
        """Returns how many prompts the free memory holds at once."""
        return self._room.fitting()

    @property
    def _room(self) -> Room:
        if self._measured is None:
            device = self._model.checkpoint.device
            self._measured = Room(CudaMeter(device) if device.startswith("cuda") else None)
        return self._measured

    def gathers(self) -> bool:
        """Whether the model runs on a GPU, where a fuller batch takes hardly more time."""
        return self._model.checkpoint.device.startswith("cuda")

    def decided_by(self) -> DecidedBy:
        """Names the checkpoint."""
        checkpoint = self._model.checkpoint
        return DecidedBy(
            name="mllm", model=checkpoint.spec.model, revision=checkpoint.revision, dtype=checkpoint.dtype
        )
