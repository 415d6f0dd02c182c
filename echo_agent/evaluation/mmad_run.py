"""``evaluate mmad``: asks the benchmark's questions one by one, and keeps each answer at once."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from echo_agent.context import Expert
from echo_agent.errors import DatasetError, ImageError
from echo_agent.evaluation.mmad_dataset import MmadImage, MmadQuestion, References
from echo_agent.evaluation.mmad_scoring import MmadAnswer, read_letter
from echo_agent.state import Progress, Value, Verdict

RunProfile = Literal["adaptive", "paper", "bare"]
Ask = Callable[[MmadImage, MmadQuestion], Verdict]

FORCED_RULE = "likelier of the two"
"""A verdict of ``review`` answers with the option of the higher probability."""

REGISTERING, DECIDING = "register", "decision_maker"
EVIDENCE_STEPS = (REGISTERING, "reference_extractor", "knowledge_guide")
DECISION_STEPS = ("reasoning_expert", DECIDING)
"""Entries of a verdict's timings: what is evidence, and what is reasoning and deciding."""

ANSWERS_FILE = "answers.jsonl"


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
    """

    questions: str
    mllm: str
    revision: str
    shots: int
    references: References
    profile: RunProfile
    experts: tuple[Expert, ...]
    limit: int | None
    seed: int
    encoder: str | None = None
    knowledge: str | None = None

    @property
    def name(self) -> str:
        """A short name for the run's folder: what was asked and a digest of all settings."""
        model = "".join(letter if letter.isalnum() else "-" for letter in self.mllm)[-40:].strip("-")
        digest = sha256(self.model_dump_json().encode()).hexdigest()[:8]
        return f"mmad-{model}-{self.profile}-{self.references}{self.shots}-{digest}"


class RunFile:
    """The answers of one run on disk: the settings, then one answer a line, in the order of the questions.

    Args:
        folder: The run's folder.
        settings: The run's settings.

    Raises:
        DatasetError: The folder holds a run with other settings, or cannot be written.
    """

    def __init__(self, folder: Path, settings: RunSettings) -> None:
        self.path = folder / ANSWERS_FILE
        self.answers: list[MmadAnswer] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self._resume(settings)
            else:
                self._append({"settings": settings.model_dump(mode="json")})
        except OSError as error:
            raise DatasetError(
                f"{folder} cannot be written ({error.strerror}): choose another --out"
            ) from error

    def _resume(self, settings: RunSettings) -> None:
        """Reads what is there; a last line that was cut off by a kill is taken away."""
        complete = self.path.read_bytes()
        complete = complete[: complete.rfind(b"\n") + 1]
        with self.path.open("r+b") as file:
            file.truncate(len(complete))
        if not complete:
            self._append({"settings": settings.model_dump(mode="json")})
            return
        kept, self.answers = _parse_run(self.path, complete.decode())
        if kept != settings:
            changed = [
                name for name in RunSettings.model_fields if getattr(kept, name) != getattr(settings, name)
            ]
            raise DatasetError(
                f"{self.path} was made with other settings ({', '.join(changed)}): choose another --out"
            )

    def add(self, answer: MmadAnswer) -> None:
        """Appends an answer; it is on disk when this returns."""
        self._append(answer.model_dump(mode="json"))
        self.answers.append(answer)

    def _append(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_run(folder: Path) -> tuple[RunSettings, list[MmadAnswer]]:
    """Reads a run.

    Args:
        folder: The run's folder, or its file of answers.

    Raises:
        DatasetError: There is no run, or its file is broken.
    """
    path = folder / ANSWERS_FILE if folder.is_dir() else folder
    try:
        return _parse_run(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}): name the folder of a run") from error


def _parse_run(path: Path, text: str) -> tuple[RunSettings, list[MmadAnswer]]:
    lines = text.splitlines()
    number = 0
    try:
        settings = RunSettings.model_validate(json.loads(lines[0])["settings"])
        answers = []
        for line in lines[1:]:
            number += 1
            answers.append(MmadAnswer.model_validate_json(line))
    except (ValueError, ValidationError, KeyError, IndexError, TypeError) as error:
        raise DatasetError(f"{path}:{number + 1} is no line of a run: choose another --out") from error
    return settings, answers


def run_questions(
    images: Sequence[MmadImage], file: RunFile, ask: Ask, progress: Progress | None = None
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
    answered = {(answer.image, answer.number) for answer in file.answers}
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
            progress(len(file.answers), total)
    return file.answers


def _answer(image: MmadImage, question: MmadQuestion, **fields: Any) -> MmadAnswer:
    """The record of a question; without further fields it has no answer, which counts as unreadable."""
    return MmadAnswer(
        image=image.path,
        number=question.number,
        subtask=question.subtask,
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
        guess=given.guess if given is not None else False,
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
    )
