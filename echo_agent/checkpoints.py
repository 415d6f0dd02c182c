"""Echo's types in checkpoints: every checkpointer reads them, and one that is handed in nothing else that is unsafe."""

import copy
from collections.abc import Iterator
from typing import Any, get_args

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde import _msgpack
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import BaseModel

Types = frozenset[tuple[str, str]]
"""Types by module and name, as LangGraph registers them."""


def types_of(*schemas: type[BaseModel]) -> Types:
    """The schemas of a graph and all types of Echo within them: what its checkpoints hold."""
    return frozenset((found.__module__, found.__name__) for found in _models(schemas, set()))


def registered(types: Types) -> Types:
    """Counts types among those that LangGraph calls safe, on every checkpointer of this process; gives them back.

    LangGraph's server, and a graph around one of Echo's, bring checkpointers whose serializer cannot be told otherwise.
    """
    _msgpack.SAFE_MSGPACK_TYPES |= types
    return types


def reading(checkpointer: BaseCheckpointSaver[str] | None, types: Types) -> BaseCheckpointSaver[str] | None:
    """The checkpointer as a copy over the same store, which reads these types and no unknown one.

    One that reads everything, LangGraph's default, would make any object that a forged checkpoint names. One with a
    serializer that is not LangGraph's own is left as it is.
    """
    if not isinstance(checkpointer, BaseCheckpointSaver):
        return checkpointer
    outer = checkpointer.serde
    serde = outer.serde if isinstance(outer, EncryptedSerializer) else outer
    if not isinstance(serde, JsonPlusSerializer):
        return checkpointer
    strict = serde.with_msgpack_allowlist(types)
    if serde.with_msgpack_allowlist([("echo_agent", "not there")]) is serde:  # it reads everything
        strict = JsonPlusSerializer(
            pickle_fallback=serde.pickle_fallback, allowed_msgpack_modules=sorted(types)
        )
    clone = copy.copy(checkpointer)
    clone.serde = (
        EncryptedSerializer(outer.cipher, strict) if isinstance(outer, EncryptedSerializer) else strict
    )
    return clone


def _models(annotations: Any, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
            yield from _models(get_args(annotation), seen)
        elif annotation.__module__.startswith("echo_agent.") and annotation not in seen:
            seen.add(annotation)
            yield annotation
            yield from _models([field.annotation for field in annotation.model_fields.values()], seen)
