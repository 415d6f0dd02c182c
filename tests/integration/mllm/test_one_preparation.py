"""What a decision costs beside the model's own work: counted on a CPU, where a GPU would wait."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from echo_agent.mllm import batching
from echo_agent.mllm.batching import BatchingScorer, announced
from echo_agent.mllm.case import Case
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec, unload
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.scoring import LocalScorer
from echo_agent.state import ImageRef, Question
from tests.conftest import synthetic_part
from tests.tiny_checkpoints import FAMILIES

MAX_WAITS = 4
WAITS = ("item", "tolist", "cpu", "nonzero", "__bool__", "__int__", "__float__", "__index__")


@pytest.fixture
def parts(tmp_path):
    """Nine photographs: eight queries and one reference."""
    images = []
    for seed in range(9):
        file = tmp_path / f"{seed}.png"
        synthetic_part(seed).save(file)
        images.append(ImageRef(uri=str(file), sha256=f"{seed}" * 64, width=192, height=144))
    return images


@pytest.fixture
def waits(monkeypatch):
    """Where Echo's own code asked for a number of a tensor, for which a GPU's caller waits until all work is done."""
    found = []
    for name in WAITS:
        plain = getattr(torch.Tensor, name)

        def counted(self, *arguments, _plain=plain, _name=name, **named):
            caller = sys._getframe(1)
            if caller.f_globals.get("__name__", "").startswith("echo_agent."):
                found.append(f"{_name} in {caller.f_code.co_qualname}")
            return _plain(self, *arguments, **named)

        monkeypatch.setattr(torch.Tensor, name, counted)
    return found


class Counting:
    """A model of a family whose preparations, looks of the vision tower and passes are counted."""

    def __init__(self, folder, monkeypatch):
        unload()
        local = EchoVLM(spec=CheckpointSpec(str(folder), device="cpu"), max_pixels=20_000)
        self.scorer = LocalScorer(local)
        monkeypatch.setattr(self.scorer, "gathers", lambda: True)
        self.decider = MllmDecider(BatchingScorer(self.scorer), local.invoke)
        self.prepared, self.seen, self.batches = 0, 0, []
        checkpoint = local.checkpoint
        self._count(monkeypatch, checkpoint.photographs, "_prepare", self._prepare)
        self._count(monkeypatch, checkpoint.model, "get_image_features", self._see)
        self._count(monkeypatch, checkpoint.model, "forward", self._run)

    @staticmethod
    def _count(monkeypatch, owner, name, note):
        plain = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, **k: (note(*a, **k), plain(*a, **k))[1])

    def _prepare(self, images, **_):
        self.prepared += sum(len(row) if isinstance(row, list) else 1 for row in images)

    def _see(self, pixel_values, image_grid_thw=None, **_):
        self.seen += len(pixel_values) if image_grid_thw is None else len(image_grid_thw)

    def _run(self, input_ids, **_):
        self.batches.append(len(input_ids))


@pytest.fixture
def counting(checkpoint_folder, monkeypatch):
    return lambda family: Counting(checkpoint_folder(family), monkeypatch)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_photograph_is_prepared_and_looked_at_once_for_all_questions_orders_and_attempts(
    family, counting, parts
):
    model = counting(family)
    question = Question(text="Which?", options={"A": "a scratch", "B": "a dent", "C": "nothing"})
    model.decider.decide(Case(image=parts[0], references=(parts[8],), question=question, orders=4))
    model.decider.decide(Case(image=parts[0], references=(parts[8],), orders=2))
    model.decider.answer(Case(image=parts[1], references=(parts[8],), question=question))
    assert model.prepared == 3
    assert model.seen == 3
    assert model.batches == [1, 1, 1]


def test_another_budget_is_another_preparation(counting, parts):
    model = counting("qwen3_vl")
    for pixels in (20_000, 10_000, 20_000):
        model.decider.decide(Case(image=parts[0], max_pixels=pixels))
    assert model.prepared == 2


def test_eight_inspections_are_one_batch_from_the_first_and_come_to_what_they_come_to_alone(
    counting, parts, monkeypatch
):
    monkeypatch.setattr(batching, "COMES_WITHIN_SECONDS", 60.0)
    model = counting("qwen3_vl")
    cases = [Case(image=part, references=(parts[8],)) for part in parts[:8]]
    with announced(8), ThreadPoolExecutor(8) as threads:
        together = list(threads.map(model.decider.decide, cases))
    assert model.batches == [8]
    assert model.prepared == model.seen == 9
    alone = [model.decider.decide(case).defective for case in cases]
    assert [decision.defective for decision in together] == pytest.approx(alone, abs=1e-5)
    assert model.prepared == model.seen == 9


@pytest.mark.parametrize("family", ["qwen3_vl", "gemma3"])
def test_a_call_waits_for_the_device_a_handful_of_times(family, counting, parts, waits):
    model = counting(family)
    cases = [Case(image=part, references=(parts[8],), orders=4) for part in parts[:3]]
    model.decider.decide(cases[0])
    assert 1 <= len(waits) <= MAX_WAITS, waits
    waits.clear()
    model.decider.decide_many(cases)
    assert 1 <= len(waits) <= MAX_WAITS, waits


@pytest.mark.parametrize("family", ["qwen3_vl", "llava"])
def test_in_bfloat16_a_single_decision_is_that_of_a_batch(family, checkpoint_folder, parts):
    spec = CheckpointSpec(str(checkpoint_folder(family)), device="cpu", dtype="bfloat16")
    local = EchoVLM(spec=spec, max_pixels=20_000)
    decider = MllmDecider(LocalScorer(local), local.invoke)
    cases = [Case(image=part, references=(parts[8],)) for part in parts[:4]]
    together = [decision.defective for decision in decider.decide_many(cases)]
    assert [decider.decide(case).defective for case in cases] == pytest.approx(together, abs=2e-3)
