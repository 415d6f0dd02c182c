"""Scoring closed answers costs little more than reading the prompt once."""

import pytest
import torch

from echo_agent.evaluation.mllm_benchmark import PIXELS, case_variants, prefill_once, side_by_side
from echo_agent.evaluation.random_mllm import random_checkpoint
from echo_agent.mllm.choice_scoring import score_variants


@pytest.mark.slow
def test_four_choices_in_four_orders_cost_at_most_one_and_a_half_prefills():
    checkpoint = random_checkpoint("Qwen3-VL-100M", device="cpu")
    parameters = sum(weights.numel() for weights in checkpoint.model.parameters())
    assert 80e6 < parameters < 150e6
    variants = case_variants(checkpoint)
    assert len({variant.conversation[1].content[-1]["text"] for variant in variants}) == 4
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        prefill, scored = _measured(checkpoint, variants)
    finally:
        torch.set_num_threads(threads)
    assert scored.cpu <= 1.5 * prefill.cpu


def _measured(checkpoint, variants):
    """Processor time on one thread: other work on the machine does not lengthen it."""
    return side_by_side(
        (
            lambda: prefill_once(checkpoint, variants[0]),
            lambda: score_variants(checkpoint, [variants], max_pixels=PIXELS),
        ),
        20,
    )
