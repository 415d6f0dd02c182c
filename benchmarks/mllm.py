"""What a choice-scored decision costs beside one prefill and writing 64 tokens: ``python -m benchmarks.mllm``."""

from typing import Annotated, Any, Literal

import typer
from PIL import Image

from benchmarks.machine import machine_name, side_by_side
from benchmarks.program import JsonOption, program, tell
from benchmarks.random_mllm import random_checkpoint
from echo_agent.evaluation.mllm_check import peak_memory_gib
from echo_agent.images.budget import as_data_url
from echo_agent.mllm.checkpoint import Checkpoint, CheckpointSpec, load
from echo_agent.mllm.choice_scoring import score_variants
from echo_agent.mllm.encoding import encode, render
from echo_agent.mllm.prompts import ROLE, ClosedQuestion, wordings
from echo_agent.mllm.variant_tokens import Variant
from echo_agent.settings import process_settings
from echo_agent.state import Value

SIDE = 448
PIXELS = SIDE * SIDE
WRITTEN = 64
QUESTION = ClosedQuestion(
    "defect type",
    "Which defect is it?",
    (("scratch", "a scratch"), ("dent", "a dent"), ("stain", "a stain"), ("crack", "a crack")),
)
EVIDENCE = (
    "R1 region top left, box x 10 to 40 of 448, peak 2.3 x the map threshold. "
    "The part differs from the good ones. "
)


class MllmBenchmark(Value):
    """Costs of a model on this machine, medians in seconds.

    Attributes:
        model: Name of the configuration.
        machine: Name of the GPU or processor.
        dtype: Number format of the weights.
        parameters: Number of weights.
        prompt_tokens: Tokens of the prompt, images included.
        prefill: One pass over the prompt (two images of 448 px, about 200 tokens of evidence, four options).
        scored: Four choices scored in four orders.
        scored_over_prefill: Their ratio; on a CPU that of the processor times, which other work on the machine does
            not lengthen.
        written: 64 tokens generated from the same prompt.
        verdicts_per_second: Scored decisions a second, one at a time.
        batch: Decisions a batch.
        batched_verdicts_per_second: Scored decisions a second in batches.
        memory_gib: Peak memory.
    """

    model: str
    machine: str
    dtype: str
    parameters: int
    prompt_tokens: int
    prefill: float
    scored: float
    scored_over_prefill: float
    written: float
    verdicts_per_second: float
    batch: int
    batched_verdicts_per_second: float
    memory_gib: float


def case_variants(checkpoint: Checkpoint, orders: int = 4, evidence_tokens: int = 200) -> list[Variant]:
    """Returns a question with four options in several orders about two pictures and evidence of about a length."""
    from langchain_core.messages import HumanMessage, SystemMessage

    once = len(checkpoint.tokenizer(EVIDENCE, add_special_tokens=False)["input_ids"])
    evidence = EVIDENCE * max(1, round(evidence_tokens / once))
    urls = [as_data_url(Image.effect_noise((SIDE, SIDE), 40 + i).convert("RGB")) for i in range(2)]
    images: list[str | dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [
        Variant(
            [
                SystemMessage(ROLE),
                HumanMessage([*images, {"type": "text", "text": f"{evidence}\n{wording.text()}"}]),
            ],
            wording.labels,
        )
        for wording in wordings(QUESTION, orders)
    ]


def prefill_once(checkpoint: Checkpoint, variant: Variant) -> int:
    """Runs one prompt once, as a generation would begin, and returns its number of tokens."""
    import torch

    with checkpoint.lock, torch.inference_mode():
        text, images = render(checkpoint, variant.conversation)
        batch = encode(checkpoint, [text], [images], PIXELS)
        checkpoint.model(**batch, use_cache=True, logits_to_keep=1)
        _finish(checkpoint)
    return int(batch["input_ids"].shape[1])


def benchmark(checkpoint: Checkpoint, *, repeats: int = 5, batch: int = 8) -> MllmBenchmark:
    """Measures prefill, scoring and generation side by side in turn.

    Args:
        checkpoint: The model.
        repeats: Measurements of each; the median counts.
        batch: Decisions a batch.
    """
    variants = case_variants(checkpoint)
    tokens = prefill_once(checkpoint, variants[0])
    _score(checkpoint, [variants])
    prefill, scored = side_by_side(
        (lambda: prefill_once(checkpoint, variants[0]), lambda: _score(checkpoint, [variants])), repeats
    )
    on_gpu = checkpoint.device.startswith("cuda")
    (written,) = side_by_side((lambda: _write(checkpoint, variants[0]),), max(1, repeats // 2))
    (batched,) = side_by_side((lambda: _score(checkpoint, [variants] * batch),), max(1, repeats // 2))
    return MllmBenchmark(
        model=checkpoint.spec.model,
        machine=machine_name(),
        dtype=checkpoint.dtype,
        parameters=sum(weights.numel() for weights in checkpoint.model.parameters()),
        prompt_tokens=tokens,
        prefill=prefill.wall,
        scored=scored.wall,
        scored_over_prefill=scored.wall / prefill.wall if on_gpu else scored.cpu / prefill.cpu,
        written=written.wall,
        verdicts_per_second=1 / scored.wall,
        batch=batch,
        batched_verdicts_per_second=batch / batched.wall,
        memory_gib=peak_memory_gib(),
    )


def as_text(found: MllmBenchmark) -> str:
    """The figures in words, a line each."""
    return "\n".join(
        (
            f"{found.model}, {found.parameters / 1e9:.2f} billion weights in {found.dtype}, {found.machine}",
            f"prompt of {found.prompt_tokens} tokens: {found.prefill:.3f} s",
            f"4 choices in 4 orders: {found.scored:.3f} s ({found.scored_over_prefill:.2f} x)",
            f"64 tokens written: {found.written:.3f} s",
            f"decisions a second: {found.verdicts_per_second:.2f} single, "
            f"{found.batched_verdicts_per_second:.2f} in batches of {found.batch}",
            f"peak memory: {found.memory_gib:.1f} GiB",
        )
    )


def _score(checkpoint: Checkpoint, cases: list[list[Variant]]) -> None:
    score_variants(checkpoint, cases, max_pixels=PIXELS)
    _finish(checkpoint)


def _write(checkpoint: Checkpoint, variant: Variant) -> None:
    with checkpoint.lock:
        text, images = render(checkpoint, variant.conversation)
        batch = encode(checkpoint, [text], [images], PIXELS)
        checkpoint.model.generate(
            **batch,
            min_new_tokens=WRITTEN,
            max_new_tokens=WRITTEN,
            do_sample=False,
            pad_token_id=checkpoint.tokenizer.pad_token_id,
            eos_token_id=checkpoint.tokenizer.eos_token_id,
        )


def _finish(checkpoint: Checkpoint) -> None:
    """Waits until the GPU is done: its calls return before the work is."""
    import torch

    if checkpoint.device.startswith("cuda"):
        torch.cuda.synchronize()


def mllm(
    init: Annotated[
        Literal["random", "pretrained"], typer.Option(help="Random weights cost the same, and mean nothing.")
    ] = "random",
    config: Annotated[
        str, typer.Option(help="With random weights: Qwen3-VL-100M, -2B or -8B; else an id or a folder.")
    ] = "Qwen3-VL-8B",
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of each; the median counts.")] = 5,
    batch: Annotated[int, typer.Option(min=1, help="Decisions a batch.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Choice-scored decisions a second, single and batched, against writing 64 tokens, and peak memory."""
    settings = process_settings()
    if init == "random":
        checkpoint = random_checkpoint(config, device=settings.device, dtype=settings.mllm_dtype)
    else:
        checkpoint = load(CheckpointSpec.from_settings(config))
    found = benchmark(checkpoint, repeats=repeats, batch=batch)
    tell(found, as_text(found), as_json)


app = program(mllm)

if __name__ == "__main__":
    app()
