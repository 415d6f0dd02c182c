"""``evaluate mmad``: asks the benchmark's questions one by one, and keeps each answer at once."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from echo_agent import __version__
from echo_agent.context import Expert
from echo_agent.errors import ImageError
from echo_agent.evaluation.metrics import tied
from echo_agent.evaluation.mmad_dataset import MmadImage, MmadQuestion, References
from echo_agent.evaluation.mmad_scoring import MmadAnswer, read_letter
from echo_agent.evaluation.run_file import RunFile, read_run_file
from echo_agent.mllm.choice import MEASURED
from echo_agent.state import Progress, Value, Verdict
from echo_agent.strictness import Strictness

RunProfile = Literal["adaptive", "paper", "bare"]
Ask = Callable[[MmadImage, MmadQuestion], Verdict]

FORCED_RULE = "likelier of the two"
"""A verdict of ``review`` answers with the option of the higher probability."""

REGISTERING, DECIDING = "register", "decision_maker"
EVIDENCE_STEPS = (REGISTERING, "reference_extractor", "knowledge_guide", "checklist")
DECISION_STEPS = ("reasoning_expert", DECIDING)
"""Entries of a verdict's timings: what is evidence, and what is reasoning and deciding."""

ANSWERS_FILE = "answers.jsonl"

TIMEOUT = "ECHO_MLLM_TIMEOUT"
"""The setting that each error of a model names that took too long."""


class RunSettings(Value):
    """What a run's answers depend on; the first line of its file.

    Attributes:
        questions: Digest of ``mmad.json``.
        mllm: Decision Maker.
        revision: Version of Echo.
        shots: Templates an image.
        references: Where the references come from.
        profile: How the graph is run; ``bare`` asks the model without it.
        experts: Experts that take part.
        limit: Questions at most; None for all.
        seed: Seed of their choice.
        encoder: Image encoder; None for the embedded one.
        knowledge: Digest of the domain knowledge that the cards are made of; None without.
        strictness: How strict its inspections are.
    """

    questions: str = ""
    mllm: str = MEASURED
    revision: str = __version__
    shots: int = 1
    references: References = "random"
    profile: RunProfile = "adaptive"
    experts: tuple[Expert, ...] = get_args(Expert)
    limit: int | None = None
    seed: int = 0
    encoder: str | None = None
    knowledge: str | None = None
    strictness: Strictness = Strictness()


RunAnswers = RunFile[RunSettings, MmadAnswer]


def read_run(folder: Path) -> tuple[RunSettings, list[MmadAnswer]]:
    """Reads a run.

    Args:
        folder: The run's folder, or its file of answers.

    Raises:
        DatasetError: There is no run, or its file is broken.
    """
    file = folder / ANSWERS_FILE if folder.is_dir() else folder
    return read_run_file(file, RunSettings, MmadAnswer)


def run_questions(
    images: Sequence[MmadImage], file: RunAnswers, ask: Ask, progress: Progress | None = None
) -> list[MmadAnswer]:
    """Asks every question that has no answer yet.

    Args:
        images: The images with the questions to ask, in order.
        file: Where the answers are kept.
        ask: Asks one question about one image.
        progress: Called with questions done and questions in all.

    Returns:
        All answers of the run.
    """
    answered = {(answer.image, answer.number) for answer in file.lines}
    total = sum(len(image.questions) for image in images)
    for image, question in _in_order(images):
        if (image.path, question.number) not in answered:
            started = time.perf_counter()
            try:
                verdict = ask(image, question)
            except ImageError as error:
                file.add(_answer(image, question, error=str(error)))
            else:
                file.add(to_answer(image, question, verdict, seconds=time.perf_counter() - started))
        if progress is not None:
            progress(len(file.lines), total)
    return file.lines


def _answer(image: MmadImage, question: MmadQuestion, **fields: Any) -> MmadAnswer:
    """The record of a question; without further fields it has no answer, which counts as unreadable."""
    return MmadAnswer(
        image=image.path,
        number=question.number,
        subtask=question.subtask,
        question=question.question.text,
        options=question.question.options,
        correct=question.answer,
        **{"letter": None, **fields},
    )


def _in_order(images: Sequence[MmadImage]) -> Iterator[tuple[MmadImage, MmadQuestion]]:
    for image in images:
        for question in image.questions:
            yield image, question


def to_answer(image: MmadImage, question: MmadQuestion, verdict: Verdict, *, seconds: float) -> MmadAnswer:
    """Makes the record of an answer.

    Args:
        image: The image.
        question: The question.
        verdict: What the graph said.
        seconds: Time the question took.
    """
    given = verdict.answer
    letter = None
    if given is not None and not given.declined:
        letter = given.letter or read_letter(given.text, question.question.options)
    tokens_in = [attempt.input_tokens for attempt in verdict.attempts if attempt.input_tokens is not None]
    tokens_out = [attempt.output_tokens for attempt in verdict.attempts if attempt.output_tokens is not None]
    errors = [attempt.error for attempt in verdict.attempts if attempt.error]
    forced = letter is not None and verdict.label == "review" and question.subtask == "Anomaly Detection"
    return _answer(
        image,
        question,
        letter=letter,
        text=given.text if given is not None else "",
        confidence=given.confidence if given is not None else None,
        guess=given is not None and (given.guess or tied(given.probabilities)),
        forced=FORCED_RULE if forced else None,
        label=verdict.label,
        product=verdict.product,
        attempts=len(verdict.attempts),
        input_tokens=sum(tokens_in) if tokens_in else None,
        output_tokens=sum(tokens_out) if tokens_out else None,
        seconds=seconds,
        evidence_seconds=sum(verdict.timings.get(step, 0.0) for step in EVIDENCE_STEPS),
        decision_seconds=sum(verdict.timings.get(step, 0.0) for step in DECISION_STEPS),
        error=errors[-1] if errors else None,
        timed_out=letter is None and bool(errors) and TIMEOUT in errors[-1],
    )
