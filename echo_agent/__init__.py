"""Echo: visual inspection as an agent graph, with evidence for every verdict."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echo_agent.chat.graph import build_chat_graph
    from echo_agent.context import Context
    from echo_agent.graph import build_graph
    from echo_agent.inspector import Inspector
    from echo_agent.memory.memory import Memory
    from echo_agent.mllm.own_decider import Decider
    from echo_agent.state import State, Verdict
    from echo_agent.vision.own_encoder import Encoder

# Read by OpenMP when PyTorch is first imported: its threads would spin for milliseconds after each step, on the cores
# that the other threads of an inspection, and other programs, are waiting for.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

__all__ = [
    "Context",
    "Decider",
    "Encoder",
    "Inspector",
    "Memory",
    "State",
    "Verdict",
    "build_chat_graph",
    "build_graph",
]

_HOMES = {
    "Context": "echo_agent.context",
    "Decider": "echo_agent.mllm.own_decider",
    "Encoder": "echo_agent.vision.own_encoder",
    "Inspector": "echo_agent.inspector",
    "Memory": "echo_agent.memory.memory",
    "State": "echo_agent.state",
    "Verdict": "echo_agent.state",
    "build_chat_graph": "echo_agent.chat.graph",
    "build_graph": "echo_agent.graph",
}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use, so that importing the package stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
