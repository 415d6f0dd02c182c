"""Echo: visual inspection as an agent graph, with evidence for every verdict."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from echo_agent.context import Context
    from echo_agent.graph import build_graph
    from echo_agent.inspector import Inspector
    from echo_agent.state import State, Verdict

__version__ = "0.1.0"

__all__ = ["Context", "Inspector", "State", "Verdict", "build_graph"]

_HOMES = {
    "Context": "echo_agent.context",
    "Inspector": "echo_agent.inspector",
    "State": "echo_agent.state",
    "Verdict": "echo_agent.state",
    "build_graph": "echo_agent.graph",
}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use, so that importing the package stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
