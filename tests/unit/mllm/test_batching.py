"""Threads that wait for one model are served together."""

import threading

import pytest

from echo_agent.errors import ModelMemoryError
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.case import Case
from echo_agent.mllm.prompts import case_prompt
from tests.scripted_mllm import FakeScorer
from tests.unit.mllm.test_delimiters_and_prompts import image


class SlowScorer(FakeScorer):
    """Holds its first call until it is let go, and notes how many prompts each call had."""

    def __init__(self, *script):
        super().__init__(*script)
        self.begun, self.let_go, self.sizes = threading.Event(), threading.Event(), []

    def score(self, prompts, orders):
        self.sizes.append(len(prompts))
        if not self.begun.is_set():
            self.begun.set()
            self.let_go.wait(10)
        return super().score(prompts, orders)


def run_four(scorer):
    batching = BatchingScorer(scorer)
    prompt = case_prompt(Case(image=image()))
    outcomes: list[object] = []

    def call():
        try:
            outcomes.append(batching.score([prompt], 2)[0].probabilities["verdict"]["defective"])
        except ModelMemoryError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=call) for _ in range(4)]
    threads[0].start()
    scorer.begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(batching._waiting) < 3:
        threading.Event().wait(0.001)
    scorer.let_go.set()
    for thread in threads:
        thread.join(10)
    return outcomes


def test_calls_that_wait_form_one_batch():
    scorer = SlowScorer(0.3)
    assert run_four(scorer) == [0.3] * 4
    assert scorer.sizes == [1, 3]


def test_a_batch_that_fails_is_scored_call_by_call():
    scorer = SlowScorer(0.3, ModelMemoryError("full"), 0.4)
    assert sorted(run_four(scorer)) == [0.3, 0.4, 0.4, 0.4]
    assert scorer.sizes == [1, 3, 1, 1, 1]


def test_one_calls_fault_reaches_its_caller():
    batching = BatchingScorer(FakeScorer(ModelMemoryError("full")))
    with pytest.raises(ModelMemoryError):
        batching.score([case_prompt(Case(image=image()))], 2)
