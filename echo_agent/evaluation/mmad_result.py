"""The figures of an MMAD run, as ``evaluate mmad --json`` prints them."""

import statistics
from collections.abc import Sequence

from echo_agent.evaluation.metrics import Coverage, risk_coverage
from echo_agent.evaluation.mmad_check import DatasetCheck
from echo_agent.evaluation.mmad_run import RunSettings
from echo_agent.evaluation.mmad_scoring import (
    Accuracy,
    DetectionFigures,
    MmadAnswer,
    accuracy,
    detection_figures,
    published_script,
)
from echo_agent.mllm.confidence import expected_calibration_error
from echo_agent.state import Value
from echo_agent.state.notation import percent


class MmadResult(Value):
    """Figures of one run; fractions in 0..1.

    Attributes:
        settings: The run's settings.
        accuracy: Dataset to subtask to accuracy by the benchmark's rules, with ``average``; unreadable
            answers are left out, as there.
        accuracy_unreadable_wrong: The same with unreadable and declined answers counted as wrong.
        accuracy_published_script: The same by the published script to the letter, which also passes over the
            answer that follows an unreadable one.
        anomaly_detection: Recall, precision, F1, overkill and miss by dataset; unreadable answers are wrong.
        questions: Answers that were counted.
        unreadable: Answers without a letter.
        guesses: Answers that are marked as guesses.
        guessed: Share of them by subtask.
        forced: Answers that ``review`` was forced to, by the rule's name.
        ece: Expected calibration error of the stated confidence, ten bins; None where none was stated.
        risk_coverage: Accuracy when the least sure answers go to a person.
        attempts_mean: Decisions a question.
        input_tokens: Tokens read in all; None without a language model.
        output_tokens: Tokens written in all.
        seconds_per_question: Mean seconds a question.
        seconds_per_question_p50: Median seconds a question.
        seconds_elsewhere: Share of the time that went neither into evidence nor into deciding, 0..1.
        check: What was wrong with the benchmark's files.
    """

    settings: RunSettings
    accuracy: Accuracy
    accuracy_unreadable_wrong: Accuracy
    accuracy_published_script: Accuracy
    anomaly_detection: dict[str, DetectionFigures]
    questions: int
    unreadable: int
    guesses: int
    guessed: dict[str, float]
    forced: dict[str, int]
    ece: float | None
    risk_coverage: tuple[Coverage, ...]
    attempts_mean: float
    input_tokens: int | None
    output_tokens: int | None
    seconds_per_question: float
    seconds_per_question_p50: float
    seconds_elsewhere: float
    check: DatasetCheck

    def as_text(self) -> str:
        """The accuracies and the main figures for a person, in percent."""
        lines = []
        for dataset, row in self.accuracy.items():
            lines.append(dataset)
            lines += [f"  {subtask:<24} {100 * share:5.1f}" for subtask, share in row.items()]
        lines.append(f"questions {self.questions}, unreadable {self.unreadable}, guesses {self.guesses}")
        lines += [
            f"  {subtask:<24} {percent(share)} guessed"
            for subtask, share in self.guessed.items()
            if share > 0
        ]
        lines += [f"forced from review by '{rule}': {count}" for rule, count in self.forced.items()]
        if self.ece is not None:
            lines.append(f"calibration error {self.ece:.3f}")
        lines += [
            f"least sure {percent(row.set_aside)} to a person: {100 * row.accuracy:.1f} of {row.answered}"
            for row in self.risk_coverage
            if row.accuracy is not None
        ]
        lines.append(
            f"{self.seconds_per_question:.2f} s and {self.attempts_mean:.2f} attempts a question, "
            f"{percent(self.seconds_elsewhere)} of the time outside evidence and decision"
        )
        return "\n".join(lines)


def result_of(settings: RunSettings, answers: Sequence[MmadAnswer], check: DatasetCheck) -> MmadResult:
    """Counts a run.

    Args:
        settings: The run's settings.
        answers: Its answers, at least one.
        check: What was wrong with the benchmark's files.
    """
    sure = [answer for answer in answers if answer.confidence is not None]
    confidence = [answer.confidence or 0.0 for answer in sure]
    right = [answer.right for answer in sure]
    seconds = [answer.seconds for answer in answers]
    forced: dict[str, int] = {}
    guesses: dict[str, list[bool]] = {}
    for answer in answers:
        guesses.setdefault(answer.counted_as, []).append(answer.guess)
        if answer.forced is not None:
            forced[answer.forced] = forced.get(answer.forced, 0) + 1
    return MmadResult(
        settings=settings,
        accuracy=accuracy(answers),
        accuracy_unreadable_wrong=accuracy(answers, unparsable="wrong"),
        accuracy_published_script=published_script(answers),
        anomaly_detection=detection_figures(answers),
        questions=len(answers),
        unreadable=sum(answer.letter is None for answer in answers),
        guesses=sum(answer.guess for answer in answers),
        guessed={subtask: statistics.fmean(marks) for subtask, marks in sorted(guesses.items())},
        forced=forced,
        ece=expected_calibration_error(confidence, right) if sure else None,
        risk_coverage=risk_coverage(confidence, right) if sure else (),
        attempts_mean=statistics.fmean(answer.attempts for answer in answers),
        input_tokens=_sum([answer.input_tokens for answer in answers]),
        output_tokens=_sum([answer.output_tokens for answer in answers]),
        seconds_per_question=statistics.fmean(seconds),
        seconds_per_question_p50=statistics.median(seconds),
        seconds_elsewhere=_elsewhere(answers),
        check=check,
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _elsewhere(answers: Sequence[MmadAnswer]) -> float:
    total = sum(answer.seconds for answer in answers)
    known = sum(answer.evidence_seconds + answer.decision_seconds for answer in answers)
    return max(0.0, 1 - known / total) if total else 0.0
