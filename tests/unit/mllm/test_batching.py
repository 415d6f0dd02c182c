"""Threads that share one model are served together, and each gets its own answer or error."""

import threading

import pytest

from echo_agent.errors import EchoError, ModelMemoryError
from echo_agent.mllm import batching
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.case import Case
from echo_agent.mllm.prompts import case_prompt
from tests.scripted_mllm import FakeScorer
from tests.unit.mllm.test_delimiters_and_prompts import image

FULL = 8


class SlowScorer(FakeScorer):
    """Holds its first call until it is let go, and notes how many prompts each call had."""

    def __init__(self, *script):
        super().__init__(*script)
        self.begun, self.let_go, self.sizes = threading.Event(), threading.Event(), []

    def score(self, prompts, orders):
        self.sizes.append(len(prompts))
        if not self.begun.is_set():
            self.begun.set()
            self.let_go.wait(60)
        return super().score(prompts, orders)


class GatheringScorer(FakeScorer):
    """Waits for a full batch, and notes the sizes."""

    def __init__(self, *script, fits=FULL):
        super().__init__(*script)
        self.fits, self.sizes = fits, []

    def score(self, prompts, orders):
        self.sizes.append(len(prompts))
        return super().score(prompts, orders)

    def gathers(self):
        return True

    def fitting(self):
        return self.fits


def outcome(shared):
    prompt = case_prompt(Case(image=image()))
    try:
        return shared.score([prompt], 2)[0].probabilities["verdict"]["defective"]
    except (EchoError, KeyError) as error:
        return error


def run_four(scorer):
    shared = BatchingScorer(scorer)
    outcomes: list[object] = []
    threads = [threading.Thread(target=lambda: outcomes.append(outcome(shared))) for _ in range(4)]
    threads[0].start()
    scorer.begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    for _ in range(60_000):
        if len(shared._waiting) == 3:
            break
        threading.Event().wait(0.001)
    scorer.let_go.set()
    for thread in threads:
        thread.join(60)
    return outcomes


def run_eight(scorer):
    shared = BatchingScorer(scorer)
    outcomes: list[object] = []
    barrier = threading.Barrier(FULL)

    def call():
        barrier.wait(60)
        outcomes.append(outcome(shared))

    threads = [threading.Thread(target=call) for _ in range(FULL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_calls_that_wait_form_one_batch():
    scorer = SlowScorer(0.3)
    assert run_four(scorer) == [0.3] * 4
    assert scorer.sizes == [1, 3]


def test_a_batch_that_fails_is_scored_call_by_call():
    scorer = SlowScorer(0.3, ModelMemoryError("full"), 0.4)
    assert sorted(run_four(scorer)) == [0.3, 0.4, 0.4, 0.4]
    assert scorer.sizes == [1, 3, 1, 1, 1]


def test_an_error_that_is_none_of_echos_reaches_its_caller_alone():
    lost = KeyError("lost")
    outcomes = run_four(SlowScorer(0.3, ModelMemoryError("full"), 0.4, lost, 0.6))
    assert sorted(one for one in outcomes if isinstance(one, float)) == [0.3, 0.4, 0.6]
    assert [one for one in outcomes if not isinstance(one, float)] == [lost]


def test_a_batch_that_fails_by_an_error_that_is_none_of_echos_is_scored_call_by_call():
    assert sorted(run_four(SlowScorer(0.3, KeyError("lost"), 0.4))) == [0.3, 0.4, 0.4, 0.4]


def test_one_calls_fault_reaches_its_caller():
    shared = BatchingScorer(FakeScorer(ModelMemoryError("full")))
    with pytest.raises(ModelMemoryError):
        shared.score([case_prompt(Case(image=image()))], 2)


@pytest.fixture
def patient(monkeypatch):
    """However late a thread comes, a batch that is not full waits for it."""
    monkeypatch.setattr(batching, "GATHER_SECONDS", 60.0)
    monkeypatch.setattr(batching, "COMES_WITHIN_SECONDS", 60.0)


def test_eight_that_arrive_together_are_one_batch_from_the_first(patient):
    scorer = GatheringScorer(0.3)
    assert run_eight(scorer) == [0.3] * FULL
    assert scorer.sizes == [FULL]


def test_a_batch_is_no_larger_than_what_the_free_memory_holds(patient):
    scorer = GatheringScorer(0.3, fits=4)
    assert run_eight(scorer) == [0.3] * FULL
    assert scorer.sizes == [4, 4]


def test_one_that_is_alone_waits_a_moment_only():
    scorer = GatheringScorer(0.3)
    assert outcome(BatchingScorer(scorer)) == 0.3
    assert scorer.sizes == [1]
