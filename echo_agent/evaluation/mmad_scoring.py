"""MMAD's scores: accuracy by dataset and subtask as the benchmark counts it, and stricter figures beside it.

Rules of ``evaluation/examples/helper/summary.py`` in github.com/jam-cc/MMAD: Object Structure and Object
Details count as Object Analysis, DS-MVTec as MVTec-AD; Anomaly Detection is the mean of the accuracies on
normal and on defective images; a dataset's average is over its subtasks, the total's over datasets; an answer
that is no letter is dropped.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import Field

from echo_agent.evaluation.mmad_dataset import NORMAL_FLAG
from echo_agent.state import Value

LETTERS = frozenset("ABCDE")
DETECTION = "Anomaly Detection"
_MERGED_SUBTASKS = {"Object Structure": "Object Analysis", "Object Details": "Object Analysis"}
_MERGED_DATASETS = {"DS-MVTec": "MVTec-AD"}


class MmadAnswer(Value):
    """An answer as the run's file keeps it, one a line.

    Attributes:
        image: Path below the benchmark's folder.
        number: Number of the question in the image's conversation.
        subtask: MMAD's name of the type.
        question: The question's text.
        options: Letter to option text.
        correct: Letter of the right option.
        letter: Letter that was answered; None where it could not be read or was declined.
        text: The answer in words.
        confidence: Probability that it is right, as the Decision Maker says.
        guess: Whether it is marked as a guess.
        forced: Name of the rule that turned ``review`` into an answer, where one did.
        label: Label of the verdict.
        product: Product that was recognised or given.
        attempts: Decisions that were made.
        input_tokens: Tokens that a language model read.
        output_tokens: Tokens that it wrote.
        seconds: Time the question took.
        evidence_seconds: Time of it for references and knowledge, the templates' registration included.
        decision_seconds: Time of it for reasoning and deciding, a model's time included.
        error: What went wrong, where something did.
        timed_out: Whether the model took too long to answer.
    """

    image: str
    number: int
    subtask: str
    question: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    correct: str
    letter: str | None
    text: str = ""
    confidence: float | None = None
    guess: bool = False
    forced: str | None = None
    label: str | None = None
    product: str | None = None
    attempts: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = Field(default=0.0, ge=0)
    evidence_seconds: float = Field(default=0.0, ge=0)
    decision_seconds: float = Field(default=0.0, ge=0)
    error: str | None = None
    timed_out: bool = False

    @property
    def dataset(self) -> str:
        """Dataset it is counted under."""
        first = self.image.split("/", 1)[0]
        return _MERGED_DATASETS.get(first, first)

    @property
    def counted_as(self) -> str:
        """Subtask it is counted under."""
        return _MERGED_SUBTASKS.get(self.subtask, self.subtask)

    @property
    def right(self) -> bool:
        """Whether the right option was chosen."""
        return self.letter == self.correct


class DetectionFigures(Value):
    """Anomaly Detection of one dataset, defective as the positive class; None without images."""

    recall: float | None
    precision: float | None
    f1: float | None
    overkill: float | None
    miss: float | None


Accuracy = dict[str, dict[str, float]]


def accuracy(answers: Iterable[MmadAnswer], *, unparsable: str = "drop") -> Accuracy:
    """Counts right answers by dataset and subtask.

    Args:
        answers: The answers.
        unparsable: ``drop`` leaves answers without a letter out, as the benchmark does; ``wrong`` counts them
            wrong.

    Returns:
        Dataset to subtask to fraction, each dataset with its ``average``; and, under ``average``, the means
        over datasets. A subtask of which no answer counts is left out.
    """
    counted = [answer for answer in answers if unparsable == "wrong" or _has_letters(answer)]
    rights: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    detections: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for answer in counted:
        rights[answer.dataset][answer.counted_as].append(answer.right)
        if answer.counted_as == DETECTION:
            detections[answer.dataset][NORMAL_FLAG in answer.image].append(answer.right)
    table: Accuracy = {}
    for dataset, subtasks in rights.items():
        row = {subtask: _mean(right) for subtask, right in sorted(subtasks.items())}
        if DETECTION in row:
            # The published count takes 0 for a side without images; so does this one.
            row[DETECTION] = (_mean(detections[dataset][True]) + _mean(detections[dataset][False])) / 2
        table[dataset] = {**row, "average": _mean(list(row.values()))}
    if table:
        columns = sorted({subtask for row in table.values() for subtask in row})
        table["average"] = {
            column: _mean([row[column] for row in table.values() if column in row]) for column in columns
        }
    return table


def published_script(answers: Sequence[MmadAnswer]) -> Accuracy:
    """Counts as the published script does to the letter.

    It removes an answer without a letter from the list that it is iterating over, so the answer that follows
    is passed over as well.

    Args:
        answers: The answers in the order of the run.
    """
    kept, after_dropped = [], False
    for answer in answers:
        if after_dropped:
            after_dropped = False
        elif _has_letters(answer):
            kept.append(answer)
        else:
            after_dropped = True
    return accuracy(kept)


def detection_figures(answers: Iterable[MmadAnswer]) -> dict[str, DetectionFigures]:
    """Counts Anomaly Detection by dataset; unparsable answers are wrong.

    Args:
        answers: The answers.

    Returns:
        Dataset to figures: ``overkill`` is the share of normal images not passed, ``miss`` that of defective
        images not found.
    """
    sides: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for answer in answers:
        if answer.counted_as == DETECTION:
            sides[answer.dataset][NORMAL_FLAG in answer.image].append(answer.right)
    return {dataset: _detection(side[True], side[False]) for dataset, side in sides.items()}


def _detection(normal: list[bool], defective: list[bool]) -> DetectionFigures:
    found, false_alarms = sum(defective), len(normal) - sum(normal)
    recall = found / len(defective) if defective else None
    precision = found / (found + false_alarms) if found + false_alarms else None
    both = (precision or 0) + (recall or 0)
    return DetectionFigures(
        recall=recall,
        precision=precision,
        f1=2 * precision * recall / both if precision is not None and recall is not None and both else None,
        overkill=false_alarms / len(normal) if normal else None,
        miss=1 - recall if recall is not None else None,
    )


def _has_letters(answer: MmadAnswer) -> bool:
    return answer.letter in LETTERS and answer.correct in LETTERS


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def read_letter(text: str, options: dict[str, str]) -> str | None:
    """Reads the chosen letter from an answer in words; what is not plain is not guessed.

    Args:
        text: What a model wrote.
        options: Letter to option text.

    Returns:
        The letter, where the text names exactly one option by its letter, alone or after ``Answer:``, or
        repeats one option's text; None otherwise.
    """
    plain = text.strip().strip(".*()[]\"' ").casefold()
    by_text = [
        letter
        for letter, option in options.items()
        if plain == option.strip().strip(".").casefold() and plain
    ]
    if len(by_text) == 1:
        return by_text[0]
    if plain.upper() in options:
        return plain.upper()
    stated = re.findall(r"\b(?:answer|option)\b\W*(?:is\W+)?(?:option\W+)?([a-e])\b", text, re.IGNORECASE)
    # "A dent" starts with an article, "A. Yes" with a letter.
    alone = re.findall(r"(?<![\w'])([B-E](?![\w'])|A(?![\w']|\s+(?!or\b|and\b)[a-z]))", text)
    letters = {letter.upper() for letter in stated or alone}
    return letters.pop() if len(letters) == 1 and letters <= set(options) else None
