"""What a choice-scored decision costs beside one prefill and writing 64 tokens: ``python -m benchmarks.mllm``."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
import typer
from PIL import Image

from benchmarks.machine import Spent, machine_name, side_by_side
from benchmarks.program import JsonOption, program, tell
from benchmarks.random_mllm import random_checkpoint
from echo_agent.images.budget import as_data_url
from echo_agent.mllm.batching import BatchingScorer, announced
from echo_agent.mllm.checkpoint import Checkpoint, CheckpointSpec, load
from echo_agent.mllm.choice_scoring import score_cases, score_variants
from echo_agent.mllm.device_memory import MAX_BATCH, meter_of
from echo_agent.mllm.encoding import encode_prompt, model_inputs, render
from echo_agent.mllm.prompts import ROLE, ClosedQuestion, wordings
from echo_agent.mllm.scoring import ScoredPrompt
from echo_agent.mllm.variant_tokens import PreparedCase, Variant, prepare_case
from echo_agent.settings import process_settings
from echo_agent.state import DecidedBy, Value
from echo_agent.state.notation import percent

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
        prefill: One pass over the prompt (two images of 448 px, about 200 tokens of evidence, four options), both
            images new.
        scored: Four choices scored in four orders, beside a known reference and with a new photograph.
        scored_over_prefill: Their ratio; on a CPU that of the processor times, which other work on the machine does
            not lengthen.
        written: 64 tokens generated from the same prompt.
        prepared: Preparing such a decision on the CPU, which needs no model: several threads do it while the model
            works.
        verdicts_per_second: Scored decisions a second, one at a time.
        batch: Decisions a batch.
        batched_verdicts_per_second: Scored decisions a second when eight threads ask for them.
        prepared_share: Share of the time of these that the model stood still, while photographs and tokens were
            prepared.
        memory_gib: Peak memory of the decisions at the same time, the weights included.
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
    prepared: float
    verdicts_per_second: float
    batch: int
    batched_verdicts_per_second: float
    prepared_share: float
    memory_gib: float


def case_variants(
    checkpoint: Checkpoint, orders: int = 4, evidence_tokens: int = 200, photograph: int = 1
) -> list[Variant]:
    """Returns a question with four options in several orders about a reference, a photograph and some evidence."""
    from langchain_core.messages import HumanMessage, SystemMessage

    once = len(checkpoint.tokenizer(EVIDENCE, add_special_tokens=False)["input_ids"])
    evidence = EVIDENCE * max(1, round(evidence_tokens / once))
    urls = [_picture(0), _picture(photograph)]
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


@lru_cache(maxsize=512)
def _picture(number: int) -> str:
    """Returns a picture of noise, unlike that of any other number, as a data URL."""
    noise = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return as_data_url(Image.fromarray(noise))


def prefill_once(checkpoint: Checkpoint, variant: Variant) -> int:
    """Runs one prompt once, as a generation would begin, and returns its number of tokens."""
    import torch

    checkpoint.photographs.forget()
    prompt = encode_prompt(checkpoint, *render(checkpoint, variant.conversation), PIXELS)
    with checkpoint.lock, torch.inference_mode():
        checkpoint.model(**model_inputs(checkpoint, prompt), use_cache=True, logits_to_keep=1)
        _finish(checkpoint)
    return len(prompt.ids)


class _Cases:
    """Cases whose photograph was never seen before; those for the next measurement are drawn before it begins."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._drawn = 1

    def new(self, count: int) -> list[list[Variant]]:
        """Draws cases."""
        first = self._drawn
        self._drawn += count
        return [case_variants(self._checkpoint, photograph=number) for number in range(first, first + count)]


class _Together:
    """Threads that ask for a decision each at the same time, as inspections do."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self.busy = 0.0

    def prepare(self, prompt: Any, orders: int) -> PreparedCase:
        return prepare_case(self._checkpoint, prompt, PIXELS)

    def run(self, prepared: Sequence[PreparedCase]) -> list[ScoredPrompt]:
        start = time.perf_counter()
        scores = score_cases(self._checkpoint, prepared)
        _finish(self._checkpoint)
        self.busy += time.perf_counter() - start
        return [ScoredPrompt({}) for _ in scores]

    def fitting(self) -> int:
        return MAX_BATCH

    def gathers(self) -> bool:
        return True

    def decided_by(self) -> DecidedBy:
        return DecidedBy(name="mllm", model=self._checkpoint.spec.model, revision=self._checkpoint.revision)

    def ask(self, cases: Sequence[list[Variant]]) -> None:
        """Asks for all, as many at the same time as ``Inspector.inspect_many`` does."""
        scorer: BatchingScorer[PreparedCase] = BatchingScorer(self)
        with announced(len(cases)), ThreadPoolExecutor(MAX_BATCH) as threads:
            list(threads.map(lambda case: scorer.score([case], 1), cases))


def benchmark(checkpoint: Checkpoint, *, repeats: int = 5, batch: int = 8) -> MllmBenchmark:
    """Measures prefill, scoring and generation side by side in turn.

    Args:
        checkpoint: The model.
        repeats: Measurements of each; the median counts.
        batch: Decisions a batch.
    """
    cases = _Cases(checkpoint)
    (known,) = cases.new(1)
    tokens = prefill_once(checkpoint, known[0])
    score_variants(checkpoint, [known], max_pixels=PIXELS)
    alone = iter(cases.new(repeats))
    prefill, scored = side_by_side(
        (lambda: prefill_once(checkpoint, known[0]), lambda: _score(checkpoint, next(alone))), repeats
    )
    unprepared = iter(cases.new(repeats))
    prepared, written = side_by_side(
        (
            lambda: prepare_case(checkpoint, next(unprepared), PIXELS),
            lambda: _write(checkpoint, known[0]),
        ),
        repeats,
    )
    rounds = max(1, repeats // 2)
    at_once = iter([cases.new(batch) for _ in range(rounds)])
    together = _Together(checkpoint)
    meter = meter_of(checkpoint.device)
    meter.begin()
    (batched,) = side_by_side((lambda: together.ask(next(at_once)),), rounds)
    return _found(checkpoint, tokens, (prefill, scored, prepared, written, batched), batch).model_copy(
        update={
            "prepared_share": max(0.0, 1 - together.busy / rounds / batched.wall),
            "memory_gib": meter.peak() / 2**30,
        }
    )


def _found(checkpoint: Checkpoint, tokens: int, spent: Sequence[Spent], batch: int) -> MllmBenchmark:
    prefill, scored, prepared, written, batched = spent
    on_gpu = checkpoint.device.startswith("cuda")
    return MllmBenchmark(
        model=checkpoint.spec.model,
        machine=machine_name(checkpoint.device),
        dtype=checkpoint.dtype,
        parameters=sum(weights.numel() for weights in checkpoint.model.parameters()),
        prompt_tokens=tokens,
        prefill=prefill.wall,
        scored=scored.wall,
        scored_over_prefill=scored.wall / prefill.wall if on_gpu else scored.cpu / prefill.cpu,
        written=written.wall,
        prepared=prepared.wall,
        verdicts_per_second=1 / scored.wall,
        batch=batch,
        batched_verdicts_per_second=batch / batched.wall,
        prepared_share=0.0,
        memory_gib=0.0,
    )


def as_text(found: MllmBenchmark) -> str:
    """The figures in words, a line each."""
    return "\n".join(
        (
            f"{found.model}, {found.parameters / 1e9:.2f} billion weights in {found.dtype}, {found.machine}",
            f"prompt of {found.prompt_tokens} tokens: {found.prefill:.3f} s",
            f"4 choices in 4 orders: {found.scored:.3f} s ({found.scored_over_prefill:.2f} x)",
            f"64 tokens written: {found.written:.3f} s",
            f"a decision prepared on the CPU: {found.prepared:.3f} s",
            f"decisions a second: {found.verdicts_per_second:.2f} single, "
            f"{found.batched_verdicts_per_second:.2f} in batches of {found.batch}, the model waiting for "
            f"{percent(found.prepared_share)} of it",
            f"peak memory of these: {found.memory_gib:.1f} GiB",
        )
    )


def _score(checkpoint: Checkpoint, case: list[Variant]) -> None:
    score_variants(checkpoint, [case], max_pixels=PIXELS)
    _finish(checkpoint)


def _write(checkpoint: Checkpoint, variant: Variant) -> None:
    prompt = encode_prompt(checkpoint, *render(checkpoint, variant.conversation), PIXELS)
    with checkpoint.lock:
        checkpoint.model.generate(
            **model_inputs(checkpoint, prompt),
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
        torch.cuda.synchronize(checkpoint.device)


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
        checkpoint = load(CheckpointSpec.from_settings(config, settings))
    found = benchmark(checkpoint, repeats=repeats, batch=batch)
    tell(found, as_text(found), as_json)


app = program(mllm)

if __name__ == "__main__":
    app()
