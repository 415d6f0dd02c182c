"""Calls of several threads scored as one batch: those that wait while the model is busy, or arrive within a moment."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from echo_agent.mllm.device_memory import MAX_BATCH
from echo_agent.mllm.prompts import CasePrompt
from echo_agent.mllm.scoring import ScoredPrompt
from echo_agent.state import DecidedBy

GATHER_SECONDS = 0.01
"""How long after the last arrival a batch that is not full waits for another, where batches pay."""

COMES_WITHIN_SECONDS = 0.5
"""How long a batch waits at most for calls that are announced, or whose photographs are still being prepared."""

PREPARED_AT_ONCE = 4
"""Prompts of one call that are prepared at once."""

P = TypeVar("P")


class _Announced:
    """Calls that will come soon, counted down as they do."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._count = max(0, self._count + count)

    def any(self) -> bool:
        with self._lock:
            return self._count > 0


_announced = _Announced()


@contextmanager
def announced(calls: int) -> Iterator[None]:
    """Announces calls that threads are about to make: a batch waits for them rather than begin with one."""
    _announced.add(calls)
    try:
        yield
    finally:
        _announced.add(-calls)


class BatchScorer(Protocol[P]):
    """A scorer in two steps: what the processor prepares, by several threads at once, and what the model runs."""

    def decided_by(self) -> DecidedBy:
        """Names the model."""
        ...

    def prepare(self, prompt: CasePrompt, orders: int) -> P:
        """Reads and encodes what a prompt needs; several threads may call it at once."""
        ...

    def run(self, prepared: Sequence[P]) -> list[ScoredPrompt]:
        """Scores prepared prompts together; one call at a time."""
        ...

    def fitting(self) -> int:
        """Returns how many prompts, one at least, the free memory holds at once."""
        ...

    def gathers(self) -> bool:
        """Whether waiting a moment for a fuller batch pays."""
        ...


@dataclass
class _Call(Generic[P]):
    """One caller's prepared prompts, and what came of them."""

    prepared: list[P]
    done: bool = False
    scored: list[ScoredPrompt] = field(default_factory=list)
    error: BaseException | None = None


class BatchingScorer(Generic[P]):
    """Lets several threads share a scorer.

    Photographs and words are prepared by the callers while the model is busy with others. A batch that fails is scored
    call by call, so that each caller has its own answer or error.

    Args:
        scorer: Scores a batch better than its parts.
    """

    def __init__(self, scorer: BatchScorer[P]) -> None:
        self._scorer = scorer
        self._waiting: list[_Call[P]] = []
        self._preparing = 0
        self._arrived = 0.0
        self._changed = threading.Condition()
        self._busy = threading.Lock()

    def decided_by(self) -> DecidedBy:
        """Names the model."""
        return self._scorer.decided_by()

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        """Scores prompts, together with those of other threads that wait as well."""
        call = self._arrive(prompts, orders)
        with self._busy:
            if not call.done:
                self._run(self._gather(call))
        if call.error is not None:
            raise call.error
        return call.scored

    def _arrive(self, prompts: Sequence[CasePrompt], orders: int) -> _Call[P]:
        """Prepares a caller's prompts and queues them."""
        with self._changed:
            self._preparing += 1
        _announced.add(-1)
        try:
            call = _Call(self._prepared(prompts, orders))
            with self._changed:
                self._waiting.append(call)
                self._arrived = time.monotonic()
        finally:
            with self._changed:
                self._preparing -= 1
                self._changed.notify_all()
        return call

    def _prepared(self, prompts: Sequence[CasePrompt], orders: int) -> list[P]:
        if len(prompts) == 1:
            return [self._scorer.prepare(prompts[0], orders)]
        with ThreadPoolExecutor(PREPARED_AT_ONCE) as threads:
            return list(threads.map(lambda prompt: self._scorer.prepare(prompt, orders), prompts))

    def _gather(self, call: _Call[P]) -> list[_Call[P]]:
        """Takes a call and those that go with it out of the queue, after waiting for more where that pays."""
        most = min(MAX_BATCH, self._scorer.fitting())
        with self._changed:
            if self._scorer.gathers():
                self._wait_for(most)
            chosen, size = [call], len(call.prepared)
            for other in self._waiting:
                if other is not call and size + len(other.prepared) <= most:
                    chosen.append(other)
                    size += len(other.prepared)
            self._waiting = [other for other in self._waiting if not any(other is one for one in chosen)]
        return chosen

    def _wait_for(self, most: int) -> None:
        """Waits until the batch is full, or nobody prepares and a moment has passed since the last arrival."""
        last = time.monotonic() + COMES_WITHIN_SECONDS
        while sum(len(call.prepared) for call in self._waiting) < most:
            now = time.monotonic()
            until = last if self._preparing or _announced.any() else min(last, self._arrived + GATHER_SECONDS)
            if now >= until:
                return
            self._changed.wait(min(until - now, GATHER_SECONDS))

    def _run(self, calls: list[_Call[P]]) -> None:
        try:
            if len(calls) == 1 or not self._scored_together(calls):
                for call in calls:
                    self._run_alone(call)
        except BaseException as error:
            for call in calls:
                call.error = call.error or (None if call.done else error)
            raise
        finally:
            for call in calls:
                call.done = True

    def _scored_together(self, calls: list[_Call[P]]) -> bool:
        """Scores calls as one batch; false where it failed, and then nothing of the failed try is kept."""
        try:
            scored = iter(self._scorer.run([one for call in calls for one in call.prepared]))
        except Exception:  # noqa: BLE001 - each call is scored anew and has its own error
            return False
        for call in calls:
            call.scored = [next(scored) for _ in call.prepared]
        return True

    def _run_alone(self, call: _Call[P]) -> None:
        try:
            call.scored = self._scorer.run(call.prepared)
        except Exception as error:  # noqa: BLE001 - raised in its caller's thread
            call.error = error
        call.done = True
