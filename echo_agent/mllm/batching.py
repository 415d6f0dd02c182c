"""Calls that arrive while the model is busy, scored together as soon as it is free."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from echo_agent.errors import EchoError
from echo_agent.mllm.prompts import CasePrompt
from echo_agent.mllm.scoring import ChoiceScorer, ScoredPrompt
from echo_agent.state import DecidedBy

MAX_BATCH = 8


@dataclass
class _Call:
    """One caller's prompts, and what came of them."""

    prompts: Sequence[CasePrompt]
    orders: int
    done: threading.Event = field(default_factory=threading.Event)
    scored: list[ScoredPrompt] = field(default_factory=list)
    error: BaseException | None = None

    def fits(self, other: "_Call") -> bool:
        """Whether both can be scored as one batch: with the same orders and the same images' size."""
        sizes = {prompt.max_pixels for prompt in (*self.prompts, *other.prompts)}
        return self.orders == other.orders and len(sizes) == 1


class BatchingScorer:
    """Lets several threads share a scorer: nobody waits for a batch to fill, and waiting calls form the next one.

    A batch that fails as a whole is scored call by call, so that one caller's fault is not another's.

    Args:
        scorer: Scores a batch better than its parts.
    """

    def __init__(self, scorer: ChoiceScorer) -> None:
        self._scorer = scorer
        self._waiting: list[_Call] = []
        self._state = threading.Lock()
        self._busy = threading.Lock()

    def decided_by(self) -> DecidedBy:
        """Names the model."""
        return self._scorer.decided_by()

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores prompts, together with those of other threads that wait as well."""
        call = _Call(prompts, orders)
        with self._state:
            self._waiting.append(call)
        with self._busy:
            if not call.done.is_set():
                self._run(self._next(call))
        if call.error is not None:
            raise call.error
        return call.scored

    def _next(self, call: _Call) -> list[_Call]:
        """Takes a call and those that can go with it out of the queue."""
        with self._state:
            chosen = [call, *(other for other in self._waiting if other is not call and other.fits(call))]
            chosen = chosen[:MAX_BATCH]
            self._waiting = [other for other in self._waiting if not any(other is c for c in chosen)]
        return chosen

    def _run(self, calls: list[_Call]) -> None:
        prompts = [prompt for call in calls for prompt in call.prompts]
        try:
            scored = iter(self._scorer.score(prompts, calls[0].orders))
            for call in calls:
                call.scored = [next(scored) for _ in call.prompts]
        except EchoError as error:
            if len(calls) > 1:
                for call in calls:
                    self._run([call])
            else:
                calls[0].error = error
        except BaseException as error:
            for call in calls:
                call.error = error
            raise
        finally:
            for call in calls:
                call.done.set()
