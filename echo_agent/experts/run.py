"""What every node needs of a run: its settings, the memory, and the clock."""

import time
from functools import wraps
from typing import Any, Protocol, cast

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.memory.memory import Memory, open_memory
from echo_agent.settings import process_settings
from echo_agent.state import State

Update = dict[str, Any]


class Node(Protocol):
    """What an expert is to the graph."""

    __name__: str

    def __call__(self, state: State, runtime: Runtime[Context]) -> Update:
        """Reads the state and returns the fields that it writes."""
        ...


def context_of(runtime: Runtime[Context]) -> Context:
    """The run's settings; the defaults where the graph was called without a context."""
    return runtime.context or Context()


def memory_of(runtime: Runtime[Context]) -> Memory:
    """The memory of the run, opened once a process."""
    folder = context_of(runtime).memory or str(process_settings().memory)
    return open_memory(folder)


def can_wait(config: RunnableConfig) -> bool:
    """Whether the run has a checkpointer, so that it can wait for a person; LangGraph names it in the run's config.

    It is asked at run time, because the LangGraph server brings a checkpointer to a graph compiled without one.
    """
    return config.get("configurable", {}).get("__pregel_checkpointer") is not None


def timed(node: Node) -> Node:
    """Adds the seconds that a node takes to ``State.timings``, summed over attempts."""

    @wraps(node)
    def run(state: State, runtime: Runtime[Context]) -> Update:
        start = time.perf_counter()
        update = node(state, runtime)
        timings = update.get("timings", state.timings)
        spent = timings.get(node.__name__, 0.0) + time.perf_counter() - start
        return {**update, "timings": {**timings, node.__name__: spent}}

    return cast(Node, run)
