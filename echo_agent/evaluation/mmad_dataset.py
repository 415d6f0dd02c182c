"""The MMAD benchmark's question file: reading and sampling it.

Format of ``mmad.json`` (Jiang et al., "MMAD", ICLR 2025, github.com/jam-cc/MMAD): image path to
``similar_templates``, ``random_templates`` and a ``conversation`` of ``{Question, Answer, Options, type}``.
The first part of the path is the dataset, the second the product.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo_agent.errors import DatasetError
from echo_agent.files import read_text
from echo_agent.json_text import parse_json
from echo_agent.state import Question, Value

References = Literal["random", "similar", "memory"]

NORMAL_FLAG = "good"
MAX_BYTES = 512 * 2**20


class MmadQuestion(Value):
    """One question of the benchmark with its answer, which only the scorer may see.

    Attributes:
        number: Its place in the image's conversation, from 0.
        question: Text and options.
        answer: Letter of the right option.
        subtask: MMAD's name of the type, such as ``Defect Localization``.
    """

    number: int
    question: Question
    answer: str
    subtask: str


class MmadImage(Value):
    """One image of the benchmark.

    Attributes:
        path: Path below the benchmark's folder, with ``/``.
        similar: Paths of the templates that resemble it most, best first.
        random: Paths of templates drawn at random.
        questions: Its questions.
        unanswerable: Numbers of the questions whose answer is none of their options; they cannot be asked.
    """

    path: str
    similar: tuple[str, ...]
    random: tuple[str, ...]
    questions: tuple[MmadQuestion, ...]
    unanswerable: tuple[int, ...] = ()

    @property
    def dataset(self) -> str:
        """First part of the path."""
        return PurePosixPath(self.path).parts[0]

    @property
    def product(self) -> str:
        """Second part of the path, MMAD's class."""
        return PurePosixPath(self.path).parts[1]

    @property
    def normal(self) -> bool:
        """Whether the image counts as normal: by MMAD's rule, ``good`` in its path."""
        return NORMAL_FLAG in self.path

    def templates(self, references: References) -> tuple[str, ...]:
        """Paths of the templates that may be its references, best first; those of both lists for ``memory``."""
        if references == "memory":
            return tuple(dict.fromkeys((*self.random, *self.similar)))
        return self.random if references == "random" else self.similar


class _Conversation(BaseModel):
    model_config = ConfigDict(extra="ignore")
    question: str = Field(alias="Question")
    answer: str = Field(alias="Answer")
    options: dict[str, str] = Field(alias="Options")
    type: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")
    similar_templates: list[str] = []
    random_templates: list[str] = []
    conversation: list[_Conversation]


def read_mmad(root: Path) -> tuple[MmadImage, ...]:
    """Reads ``mmad.json``.

    Args:
        root: Folder that holds it and the datasets' folders.

    Returns:
        The images in the file's order.

    Raises:
        DatasetError: The file is missing, no JSON, or an entry is not in MMAD's format.
    """
    file = root / "mmad.json"
    if not file.is_file():
        raise DatasetError(f"{file} does not exist: name the folder that holds mmad.json and the images")
    try:
        entries = parse_json(read_text(file, MAX_BYTES))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is no JSON that can be read ({error}): download it again") from error
    if not isinstance(entries, dict) or not entries:
        raise DatasetError(f"{file} holds no images: it should map image paths to their questions")
    return tuple(_read_entry(file, path, entry) for path, entry in entries.items())


def _read_entry(file: Path, path: str, entry: object) -> MmadImage:
    parts = PurePosixPath(path).parts
    if len(parts) < 3 or ".." in parts or PurePosixPath(path).is_absolute():
        raise DatasetError(f"{file}: {path} is not <dataset>/<product>/.../<image> below the folder")
    try:
        read = _Entry.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"{file}: {path}: {place}: {first['msg']}") from error
    questions, unanswerable = [], []
    for number, turn in enumerate(read.conversation):
        options = {_letter(key): text for key, text in turn.options.items()}
        answer = _answer(turn.answer, options)
        if answer is None or len(options) < len(turn.options):
            unanswerable.append(number)
            continue
        question = Question(text=turn.question, options=options)
        questions.append(MmadQuestion(number=number, question=question, answer=answer, subtask=turn.type))
    return MmadImage(
        path=path,
        similar=tuple(read.similar_templates),
        random=tuple(read.random_templates),
        questions=tuple(questions),
        unanswerable=tuple(unanswerable),
    )


def _letter(text: str) -> str:
    """An option's letter however it is written: ``a``, ``A.``, ``(A)``."""
    return text.strip(" .:()[]").upper()


def _answer(text: str, options: Mapping[str, str]) -> str | None:
    """The letter of the right option, which the file names by its letter or by its text."""
    if _letter(text) in options:
        return _letter(text)
    named = [letter for letter, option in options.items() if option.strip(" .") == text.strip(" .")]
    return named[0] if len(named) == 1 else None


def sample(images: Sequence[MmadImage], limit: int | None, seed: int) -> tuple[MmadImage, ...]:
    """Chooses questions evenly over datasets and subtasks.

    Args:
        images: All images.
        limit: Questions to keep; None or more than there are keeps all.
        seed: Seed of the choice.

    Returns:
        The images that keep a question, in their order, with those questions alone.
    """
    total = sum(len(image.questions) for image in images)
    if limit is None or limit >= total:
        return tuple(images)
    groups: dict[tuple[str, str, bool], list[tuple[str, int]]] = defaultdict(list)
    for image in images:
        for question in image.questions:
            # Normal and defective images apart, so that balanced accuracy has both.
            groups[image.dataset, question.subtask, image.normal].append((image.path, question.number))
    draw = random.Random(seed)
    for key in sorted(groups):
        draw.shuffle(groups[key])
    kept: set[tuple[str, int]] = set()
    while len(kept) < limit:
        for key in sorted(groups):
            if groups[key] and len(kept) < limit:
                kept.add(groups[key].pop())
    chosen = (
        image.model_copy(
            update={"questions": tuple(q for q in image.questions if (image.path, q.number) in kept)}
        )
        for image in images
    )
    return tuple(image for image in chosen if image.questions)
