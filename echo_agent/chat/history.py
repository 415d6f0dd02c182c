"""Conversations on disk: the threads of ``echo-agent chat`` in one SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver

from echo_agent import state
from echo_agent.errors import MissingExtraError, StoreError
from echo_agent.state import Value

FILE_NAME = "conversations.sqlite"


@contextmanager
def open_history(folder: Path) -> Iterator[BaseCheckpointSaver[str]]:
    """Opens the conversations of a memory's folder; each step is on disk before the next one begins.

    Yields:
        The checkpointer that keeps the threads.

    Raises:
        MissingExtraError: The extra ``chat`` is not installed.
        StoreError: The file cannot be opened.
    """
    try:
        from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
        from langgraph.checkpoint.sqlite import SqliteSaver
    except ImportError as error:
        raise MissingExtraError("langgraph-checkpoint-sqlite", "chat") from error
    file = folder / FILE_NAME
    try:
        connection = sqlite3.connect(file, check_same_thread=False)
    except sqlite3.Error as error:
        raise _not_opened(file, error) from error
    with closing(connection):
        history = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=_kept_types()))
        try:
            if connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                raise sqlite3.DatabaseError("its pages contradict each other")
            history.setup()
        except sqlite3.Error as error:
            raise _not_opened(file, error) from error
        yield history


def _not_opened(file: Path, error: sqlite3.Error) -> StoreError:
    return StoreError(
        f"{file} cannot be opened ({error}): check the folder's rights, or let echo-agent doctor --repair --memory "
        f"{file.parent} put a damaged file aside"
    )


def _kept_types() -> list[tuple[str, str]]:
    """The value types that a conversation holds; a file with others in it is not brought to life.

    They are known by their file and by the package that exports them, so kept conversations outlive a move.
    """
    return [
        (module, known.__name__)
        for known in Value.__subclasses__()
        for module in (known.__module__, state.__name__)
    ]
