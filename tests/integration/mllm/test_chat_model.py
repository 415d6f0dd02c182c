"""The local chat model loads, generates and streams with every family."""

import base64
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from echo_agent.errors import EchoError, ModelError, ModelTimeoutError, SettingsError
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec, load
from tests.tiny_checkpoints import FAMILIES


def message(pictures):
    data = base64.b64encode(Path(pictures[1]).read_bytes()).decode()
    return HumanMessage(
        [
            {"type": "text", "text": "compare"},
            {"type": "image", "path": pictures[0]},
            {"type": "image", "base64": data, "mime_type": "image/png"},
            {"type": "text", "text": "is the part normal?"},
        ]
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stream_says_what_a_call_says_and_counts_tokens(family, checkpoint_folder, pictures):
    model = EchoVLM(spec=CheckpointSpec(str(checkpoint_folder(family))), max_new_tokens=8)
    answer = model.invoke([message(pictures)])
    chunks = list(model.stream([message(pictures)]))
    assert "".join(str(chunk.content) for chunk in chunks) == answer.content
    assert chunks[-1].usage_metadata == answer.usage_metadata
    assert answer.usage_metadata["input_tokens"] > 10
    assert 1 <= answer.usage_metadata["output_tokens"] <= 8


def test_equal_specs_share_one_model_and_nothing_loads_before_the_first_call(checkpoint_folder):
    spec = CheckpointSpec(str(checkpoint_folder("llava")))
    assert EchoVLM(spec=spec).checkpoint is EchoVLM(spec=spec).checkpoint
    EchoVLM(spec=CheckpointSpec("no/such-model"))


def test_on_a_cpu_the_weights_are_float32(checkpoint_folder):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("llava")), device="cpu"))
    assert (checkpoint.device, checkpoint.dtype, checkpoint.revision) == ("cpu", "float32", "local")
    half = load(CheckpointSpec(str(checkpoint_folder("llava")), device="cpu", dtype="bfloat16"))
    assert half.dtype == "bfloat16"


def test_a_smaller_pixel_budget_reads_fewer_tokens(checkpoint_folder, pictures):
    spec = CheckpointSpec(str(checkpoint_folder("qwen3_vl")))
    full, small = (
        EchoVLM(spec=spec, max_new_tokens=1, max_pixels=pixels)
        .invoke([message(pictures)])
        .usage_metadata["input_tokens"]
        for pixels in (448 * 448, 64 * 64)
    )
    assert small < full


def test_a_reader_that_leaves_a_stream_frees_the_model(checkpoint_folder, pictures):
    model = EchoVLM(spec=CheckpointSpec(str(checkpoint_folder("llava"))), max_new_tokens=2000)
    stream = model.stream([message(pictures)])
    next(stream)
    stream.close()
    short = model.model_copy(update={"max_new_tokens": 1})
    assert short.invoke([message(pictures)]).usage_metadata["output_tokens"] == 1


def test_a_model_that_writes_too_long_is_told(checkpoint_folder, pictures):
    model = EchoVLM(spec=CheckpointSpec(str(checkpoint_folder("llava"))), max_new_tokens=500, timeout=0.001)
    with pytest.raises(ModelTimeoutError, match="ECHO_MLLM_TIMEOUT"):
        model.invoke([message(pictures)])
    with pytest.raises(ModelTimeoutError):
        list(model.stream([message(pictures)]))


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "image", "url": "https://example.org/a.png"}, "does not fetch"),
        ({"type": "image", "url": "file:///etc/passwd"}, "is not read"),
        ({"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}, "does not fetch"),
        ({"type": "audio", "base64": "AAAA"}, "text and images"),
        ({"type": "image"}, "without an image"),
    ],
)
def test_what_a_message_may_not_hold_is_refused(block, says, checkpoint_folder):
    model = EchoVLM(spec=CheckpointSpec(str(checkpoint_folder("llava"))))
    with pytest.raises(EchoError, match=says):
        model.invoke([HumanMessage([block])])


def test_a_missing_model_names_the_remedy(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="hf download no/such-model"):
        load(CheckpointSpec("no/such-model"))


def test_a_text_model_is_refused(tmp_path):
    from transformers import LlamaConfig

    LlamaConfig().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="choose an MLLM"):
        load(CheckpointSpec(str(tmp_path)))


def test_four_bits_without_the_extra_names_it(checkpoint_folder):
    from echo_agent.errors import MissingExtraError

    with pytest.raises((MissingExtraError, ModelError), match=r"quantized|CUDA"):
        load(CheckpointSpec(str(checkpoint_folder("llava")), four_bit=True))


def test_cuda_that_is_not_there_is_told(checkpoint_folder, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingsError, match="no device 'cuda:7'"):
        load(CheckpointSpec(str(checkpoint_folder("llava")), device="cuda:7"))
