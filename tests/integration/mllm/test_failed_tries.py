"""A model that runs out of memory is asked again, with nothing of the failed try alive."""

import weakref

import pytest
import torch

from echo_agent.errors import ModelDeviceError
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.case import Case
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec
from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.scoring import LocalScorer
from echo_agent.state import ImageRef

OUT_OF_MEMORY = "CUDA error: out of memory"


def image_ref(picture):
    return ImageRef(uri=picture, sha256="0" * 64, width=140, height=180)


@pytest.fixture
def decider(checkpoint_folder):
    local = EchoVLM(spec=CheckpointSpec(str(checkpoint_folder("qwen3_vl")), device="cpu"), max_pixels=20_000)
    return MllmDecider(BatchingScorer(LocalScorer(local)), local.invoke), local.checkpoint


@pytest.fixture
def failing_first(monkeypatch):
    """Lets a model's first pass fail at its head; returns, for each later pass, how many tensors of the first live."""

    def install(checkpoint, error=OUT_OF_MEMORY):
        inner, seen, alive = checkpoint.model.model.forward, [], []

        def forward(**inputs):
            output = inner(**inputs)
            tensors = [value for value in inputs.values() if isinstance(value, torch.Tensor)]
            if not seen:
                seen.extend(weakref.ref(tensor) for tensor in (*tensors, output[0]))
                raise RuntimeError(error)
            alive.append(sum(reference() is not None for reference in seen))
            return output

        monkeypatch.setattr(checkpoint.model.model, "forward", forward)
        return alive

    return install


def test_no_tensor_of_a_failed_try_lives_at_the_retry(decider, pictures, failing_first):
    model, checkpoint = decider
    alive = failing_first(checkpoint)
    decision = model.decide(Case(image=image_ref(pictures[0]), max_pixels=20_000))
    assert set(alive) == {0}
    assert "10000 pixels" in decision.notes[0]


def test_no_tensor_of_a_failed_batch_lives_when_its_cases_are_scored_alone(decider, pictures, failing_first):
    model, checkpoint = decider
    cases = [Case(image=image_ref(picture)) for picture in pictures]
    expected = [model.decide(case).defective for case in cases]
    alive = failing_first(checkpoint)
    assert [decision.defective for decision in model.decide_many(cases)] == pytest.approx(expected)
    assert set(alive) == {0}


def test_a_device_that_fails_is_told_and_not_tried_again(decider, pictures, failing_first):
    model, checkpoint = decider
    alive = failing_first(checkpoint, "CUDA error: device-side assert triggered")
    with pytest.raises(ModelDeviceError, match="device-side assert"):
        model.decide(Case(image=image_ref(pictures[0])))
    assert alive == []
