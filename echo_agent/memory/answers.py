"""What people said of inspections, and what of it the memory goes by."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from echo_agent.errors import ProductError
from echo_agent.memory.chain import add_link
from echo_agent.memory.damage import damaged
from echo_agent.memory.stored_paths import from_stored, to_stored
from echo_agent.memory.unreadable import kept_image
from echo_agent.state import HumanAnswer, ImageRef, Label

COLUMNS = {"learnt", "undone", "forgotten", "in_force"}
"""Fields that change, or follow from other rows: they stand in columns of their own."""

ANSWERS = """
SELECT id, said, product, sha256, moment, learnt, undone, forgotten,
    undone IS NULL AND forgotten IS NULL AND CASE learnt
        WHEN 'reference' THEN EXISTS (
            SELECT 1 FROM product JOIN reference ON reference.key = product.key
            WHERE product.name = answer.product AND reference.answer = answer.id
        )
        WHEN 'exemplar' THEN NOT EXISTS (
            SELECT 1 FROM answer AS later
            WHERE later.sha256 = answer.sha256 AND later.product = answer.product AND later.number > answer.number
                AND later.learnt IS NOT NULL AND later.undone IS NULL AND later.forgotten IS NULL
        )
        ELSE 0
    END
FROM answer
"""


class Feedback(BaseModel):
    """One answer of a person.

    Attributes:
        id: Its name, for taking it back.
        product: The product; None where it was unknown.
        image: The photograph.
        name: What the photograph is called by those who took it: its file, or a part number.
        proposed: What Echo had proposed.
        answer: What the person said, with who and when.
        learnt: What the memory made of it: a ``reference``, an ``exemplar`` of a defect, or nothing.
        undone: When it was taken back.
        forgotten: When what was learnt from it was forgotten, with the product or at its registration anew.
        in_force: Whether the memory goes by what it learnt from it now.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    product: str | None
    image: ImageRef
    name: str | None = None
    proposed: Label
    answer: HumanAnswer
    learnt: str | None = None
    undone: str | None = None
    forgotten: str | None = None
    in_force: bool = False

    @property
    def label(self) -> Label:
        """What the part is, as the person said."""
        return self.answer.label or self.proposed


def human_answer(**given: Any) -> HumanAnswer:
    """A person's answer from what was typed.

    Raises:
        ProductError: A name or a comment is too long, or the answer is none.
    """
    try:
        return HumanAnswer(**given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "answer"
        raise ProductError(f"the {field.replace('_', ' ')} cannot be kept: {first['msg']}") from error


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def add_answer(connection: sqlite3.Connection, folder: Path, said: Feedback) -> None:
    """Writes an answer behind the others."""
    connection.execute(
        "INSERT INTO answer (id, product, sha256, moment, learnt, undone, forgotten, said) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            said.id,
            said.product,
            said.image.sha256,
            said.answer.when or "",
            said.learnt,
            said.undone,
            said.forgotten,
            to_stored(said, folder, without=COLUMNS),
        ),
    )
    add_link(connection, "answer", said.id)
    if said.undone is not None:
        add_link(connection, "taken back", said.id)


def take_answer_back(connection: sqlite3.Connection, answer: str) -> None:
    """Marks an answer as taken back."""
    connection.execute("UPDATE answer SET undone = ? WHERE id = ?", (now(), answer))
    add_link(connection, "taken back", answer)


def forget_learnt(connection: sqlite3.Connection, product: str) -> None:
    """Marks what was learnt of a product as forgotten; the answers themselves stand."""
    connection.execute(
        "UPDATE answer SET forgotten = ? "
        "WHERE product = ? AND learnt IS NOT NULL AND undone IS NULL AND forgotten IS NULL",
        (now(), product),
    )


def answers(connection: sqlite3.Connection, folder: Path, product: str | None = None) -> list[Feedback]:
    """All answers, oldest first, of one product where it is named; one that cannot be read says so."""
    rows = connection.execute(f"{ANSWERS} WHERE ?1 IS NULL OR product = ?1 ORDER BY number", (product,))
    return [_answer(row, folder) for row in rows.fetchall()]


def confirmed_defects(connection: sqlite3.Connection, folder: Path) -> list[Feedback]:
    """The defects of all products that the memory goes by, newest first."""
    rows = connection.execute(
        f"{ANSWERS} WHERE learnt = 'exemplar' AND undone IS NULL AND forgotten IS NULL ORDER BY number DESC"
    )
    return [said for said in (_answer(row, folder) for row in rows.fetchall()) if said.in_force]


def _answer(row: tuple[Any, ...], folder: Path) -> Feedback:
    name, text, product, digest, moment, learnt, undone, forgotten, in_force = row
    changing = {"learnt": learnt, "undone": undone, "forgotten": forgotten, "in_force": bool(in_force)}
    said = readable_answer(text, folder) or Feedback(
        id=name,
        product=product,
        image=kept_image(digest, folder),
        proposed="review",
        answer=HumanAnswer(
            action="accept",
            when=moment[:64],
            comment=damaged(folder, f"the answer {name} cannot be read")[:4000],
        ),
    )
    return said.model_copy(update=changing)


def readable_answer(said: str, folder: Path) -> Feedback | None:
    """An answer as its text tells it; None where it cannot be read."""
    try:
        return Feedback.model_validate(from_stored(said, folder))
    except (ValueError, TypeError):
        return None
