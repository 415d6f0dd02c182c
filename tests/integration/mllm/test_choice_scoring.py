"""Choice scoring on a cached prefix is the same as one full forward pass a choice."""

import math

import pytest
import torch
from langchain_core.messages import HumanMessage, SystemMessage

from echo_agent.errors import AnswerError, ModelMemoryError, ModelTimeoutError
from echo_agent.mllm.checkpoint import CheckpointSpec, load
from echo_agent.mllm.choice_scoring import score_variants
from echo_agent.mllm.encoding import encode_prompt, model_inputs, render
from echo_agent.mllm.variant_tokens import Variant
from tests.tiny_checkpoints import FAMILIES

PIXELS = 448 * 448


def conversation(pictures, tail, evidence="score 3.1 above the threshold"):
    content = [
        {"type": "text", "text": "reference"},
        {"type": "image", "path": pictures[0]},
        {"type": "text", "text": "query"},
        {"type": "image", "path": pictures[1]},
        {"type": "text", "text": f"{evidence}\n{tail}"},
    ]
    return [SystemMessage("You judge parts."), HumanMessage(content)]


def full_forward(checkpoint, variant, answer):
    """Returns an answer's summed log-probability by one uncached pass, and its length."""
    text, images = render(checkpoint, variant.conversation)
    batch = model_inputs(checkpoint, encode_prompt(checkpoint, text, images, PIXELS))
    spaced = answer if text.endswith(("\n", ">")) else f" {answer}"
    tokens = checkpoint.tokenizer(spaced, add_special_tokens=False)["input_ids"]
    shape = batch["input_ids"].shape
    prompt = shape[1]
    added = torch.tensor([tokens])
    for name, value in batch.items():
        if value.shape == shape and name != "input_ids":
            extra = torch.ones_like(added) if name == "attention_mask" else torch.zeros_like(added)
            batch[name] = torch.cat([value, extra], dim=1)
    batch["input_ids"] = torch.cat([batch["input_ids"], added], dim=1)
    if hasattr(checkpoint.model.model, "rope_deltas"):
        checkpoint.model.model.rope_deltas = None
    with torch.inference_mode():
        logits = checkpoint.model(**batch).logits[0].log_softmax(-1)
    return sum(float(logits[prompt - 1 + i, token]) for i, token in enumerate(tokens)), len(tokens)


def some_cases(pictures):
    letters = [
        Variant(conversation(pictures, f"{block}\nAnswer with the letter"), ("A", "B"))
        for block in ("A. normal\nB. defective", "A. a defective part\nB. normal")
    ]
    words = Variant(conversation(pictures, "normal or dent?"), ("normal", "a long crack", "dent"))
    other = Variant(conversation(pictures[::-1], "normal?", "no evidence"), ("yes", "A"))
    return [[*letters, words], [other]]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_scores_equal_one_full_forward_pass_a_choice(
    family, attention, checkpoint_folder, pictures, monkeypatch
):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder(family)), attention=attention))
    cases = some_cases(pictures)
    expected = [
        [[full_forward(checkpoint, variant, answer) for answer in variant.answers] for variant in variants]
        for variants in cases
    ]

    def hold(found, length, shown):
        for case, variants in zip(found, shown, strict=True):
            for scored, wanted in zip(case.variants, variants, strict=True):
                values = [total / (tokens if length == "mean" else 1) for total, tokens in wanted]
                assert scored.logprobs == pytest.approx(values, abs=1e-4)

    for side in ("left", "right"):
        checkpoint.tokenizer.padding_side = side
        for length in ("sum", "mean"):
            hold(score_variants(checkpoint, cases, max_pixels=PIXELS, length=length), length, expected)
    for variants, wanted in zip(cases, expected, strict=True):
        hold(score_variants(checkpoint, [variants], max_pixels=PIXELS), "mean", [wanted])
    for place in ("choice_scoring", "tree_pass"):
        monkeypatch.setattr(f"echo_agent.mllm.{place}.shares_beginnings", lambda _: False)
    hold(score_variants(checkpoint, cases, max_pixels=PIXELS), "mean", expected)
    checkpoint.features.forget()
    monkeypatch.setattr("echo_agent.mllm.vision_features._takes_features", lambda *_: False)
    hold(score_variants(checkpoint, cases, max_pixels=PIXELS), "mean", expected)


def test_an_answer_that_begins_another_is_ended_so_that_both_can_win(checkpoint_folder, pictures):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("qwen3_vl"))))
    variant = Variant(conversation(pictures, "which?"), ("normal", "normal part"))
    (scored,) = score_variants(checkpoint, [[variant]], max_pixels=PIXELS, length="sum")
    ended = full_forward(checkpoint, variant, "normal<|im_end|>")[0]
    assert scored.variants[0].logprobs[0] == pytest.approx(ended, abs=1e-4)


def test_the_shared_prefix_is_read_once(checkpoint_folder, pictures, monkeypatch):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("llava"))))
    passes = []
    forward = checkpoint.model.forward
    monkeypatch.setattr(
        checkpoint.model, "forward", lambda **k: (passes.append(tuple(k["input_ids"].shape)), forward(**k))[1]
    )
    variants = some_cases(pictures)[0]
    score_variants(checkpoint, [variants], max_pixels=PIXELS)
    alone = [
        encode_prompt(checkpoint, *render(checkpoint, variant.conversation), PIXELS) for variant in variants
    ]
    assert [rows for rows, _ in passes] == [1]
    assert passes[0][1] < 0.7 * sum(len(prompt.ids) for prompt in alone)


def test_a_score_that_is_not_finite_is_refused(checkpoint_folder, pictures, monkeypatch):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("llava"))))
    head = checkpoint.model.get_output_embeddings()
    monkeypatch.setattr(head.weight, "data", torch.full_like(head.weight, math.nan))
    with pytest.raises(AnswerError, match="not finite"):
        score_variants(checkpoint, [[Variant(conversation(pictures, "?"), ("A", "B"))]], max_pixels=PIXELS)


def test_time_that_is_over_is_told(checkpoint_folder, pictures):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("llava"))))
    with pytest.raises(ModelTimeoutError, match="ECHO_MLLM_TIMEOUT"):
        score_variants(
            checkpoint, [[Variant(conversation(pictures, "?"), ("A", "B"))]], max_pixels=PIXELS, timeout=0
        )


def test_out_of_memory_is_told_with_its_remedy(checkpoint_folder, pictures, monkeypatch):
    checkpoint = load(CheckpointSpec(str(checkpoint_folder("llava"))))

    def exhausted(**_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(checkpoint.model, "forward", exhausted)
    with pytest.raises(ModelMemoryError, match="ECHO_MLLM_MAX_PIXELS"):
        score_variants(checkpoint, [[Variant(conversation(pictures, "?"), ("A", "B"))]], max_pixels=PIXELS)
