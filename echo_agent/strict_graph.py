"""A graph that refuses what it would read nothing of: LangGraph drops a misspelt key of the input in silence."""

import difflib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateUpdate
from pydantic import BaseModel, ValidationError

from echo_agent.context import Context
from echo_agent.errors import InputError, SettingsError

StateT = TypeVar("StateT", bound=BaseModel)
InputT = TypeVar("InputT", bound=BaseModel)
OutputT = TypeVar("OutputT", bound=BaseModel)

_WITHIN_ANOTHER = "__pregel_read"
"""What LangGraph puts into the configuration of a graph that is a node of another, whose state has keys of its own."""


class StrictGraph(CompiledStateGraph[StateT, Context, InputT, OutputT], Generic[StateT, InputT, OutputT]):
    """A compiled graph over a ``Context``; ``invoke``, ``batch`` and the server go through these methods."""

    def stream(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any:
        """Runs the graph.

        Raises:
            InputError: A key of the input is none that the graph reads.
            SettingsError: The context has a setting that is none, or a value that cannot be.
        """
        return super().stream(input, config, **self._checked(input, config, options))

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **options: Any
    ) -> AsyncIterator[Any]:
        """As ``stream``."""
        async for part in super().astream(input, config, **self._checked(input, config, options)):
            yield part

    def bulk_update_state(
        self, config: RunnableConfig, supersteps: Sequence[Sequence[StateUpdate]]
    ) -> RunnableConfig:
        """Changes a thread's state.

        Raises:
            InputError: A key is none of the state's.
        """
        self._check_updates(config, supersteps)
        return super().bulk_update_state(config, supersteps)

    async def abulk_update_state(
        self, config: RunnableConfig, supersteps: Sequence[Sequence[StateUpdate]]
    ) -> RunnableConfig:
        """As ``bulk_update_state``."""
        self._check_updates(config, supersteps)
        return await super().abulk_update_state(config, supersteps)

    def _check_updates(self, config: RunnableConfig, supersteps: Sequence[Sequence[StateUpdate]]) -> None:
        if config.get("configurable", {}).get("checkpoint_ns"):  # the state of a graph within this one
            return
        known = self.builder.state_schema.model_fields
        for update in (update for updates in supersteps for update in updates):
            if isinstance(update.values, Mapping):
                _refuse(update.values, known, known, "is not in the state", InputError)

    def _checked(
        self, given: object, config: RunnableConfig | None, options: dict[str, Any]
    ) -> dict[str, Any]:
        configured = (config or {}).get("configurable", {})
        if _WITHIN_ANOTHER in configured:
            return options
        if isinstance(given, Command) and given == Command(resume=None):
            raise InputError("Command(resume=None) answers nothing: give what the person said")
        if isinstance(given, Mapping):
            schema, state = self.builder.input_schema, self.builder.state_schema
            known = schema.model_json_schema()["properties"]
            _refuse(given, {*schema.model_fields, *state.model_fields}, known, "is no input", InputError)
        context = options.get("context")
        if context is None:
            misplaced = [name for name in Context.model_fields if name in configured]
            if misplaced:
                raise SettingsError(
                    f"{misplaced[0]!r} stands in configurable, where it is not read: give it in context="
                )
            return options
        return {**options, "context": _context(context)}


def _context(given: object) -> Context:
    if isinstance(given, Context):
        return given
    if not isinstance(given, Mapping):
        raise SettingsError(f"context is {type(given).__name__}: give a Context, or a dict of its fields")
    _refuse(given, Context.model_fields, Context.model_fields, "is no setting of Context", SettingsError)
    try:
        return Context.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{name} cannot be {first['input']!r}: {first['msg']}") from error


def _refuse(
    given: Mapping[Any, Any],
    taken: Iterable[str],
    named: Iterable[str],
    is_none: str,
    kind: type[InputError | SettingsError],
) -> None:
    for key in given.keys() - set(taken):
        near = difflib.get_close_matches(str(key).casefold(), list(named), n=1)
        remedy = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(named)}"
        raise kind(f"{str(key)[:40]!r} {is_none}: {remedy}")
