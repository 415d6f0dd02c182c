"""One way to ask closed questions of any model: local, served or scripted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from echo_agent.errors import AnswerError
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.choice_scoring import score_variants
from echo_agent.mllm.prompts import CasePrompt, Wording, label_probabilities, wordings
from echo_agent.mllm.variant_tokens import Variant
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


class LocalScorer:
    """Scores the choices with a local model: images and evidence of a case run once.

    Args:
        model: The chat model whose checkpoint is used.
    """

    def __init__(self, model: EchoVLM) -> None:
        self._model = model

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores all prompts as one batch."""
        shown = [
            [w for question in prompt.questions for w in wordings(question, orders)] for prompt in prompts
        ]
        cases = [
            [Variant(prompt.conversation(wording.text()), wording.labels) for wording in row]
            for prompt, row in zip(prompts, shown, strict=True)
        ]
        scores = score_variants(
            self._model.checkpoint,
            cases,
            max_pixels=min(prompt.max_pixels or self._model.max_pixels for prompt in prompts),
            timeout=self._model.timeout,
        )
        return [
            ScoredPrompt(
                average([(w, scored.logprobs) for w, scored in zip(row, case.variants, strict=True)]),
                input_tokens=case.input_tokens,
                output_tokens=0,
            )
            for row, case in zip(shown, scores, strict=True)
        ]

    def decided_by(self) -> DecidedBy:
        """Names the checkpoint."""
        checkpoint = self._model.checkpoint
        return DecidedBy(
            name="mllm", model=checkpoint.spec.model, revision=checkpoint.revision, dtype=checkpoint.dtype
        )
