"""Reasoning Expert: writes the steps from the evidence to a conclusion, each with the evidence it stands on."""

from typing import Any

from echo_agent.decision.measured_trace import measured_trace
from echo_agent.decision.reasoning_tools import ReasoningTools
from echo_agent.decision.show import show
from echo_agent.errors import NoAnswerError
from echo_agent.resources import Resources
from echo_agent.state import State, Trace


def reasoning_expert(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the trace: by the language model where there is one, else from the evidence alone.

    A trace of the model that cannot be read, is late or does not fit the memory gives way to the measured one;
    ``Trace.written_by`` tells whose it is.
    """
    return {"trace": _by_model(state, resources) or _measured(state)}


def _by_model(state: State, resources: Resources) -> Trace | None:
    decider = resources.decider
    if decider is None:
        return None
    case = show(state.model_copy(update={"trace": None}), resources)
    use = state.route.use if state.route is not None else resources.context.experts
    tools = ReasoningTools(state, resources, use, shown=len(case.references))
    try:
        return decider.reason(case, tools, resources.context.tool_calls)
    except NoAnswerError:
        return None


def _measured(state: State) -> Trace | None:
    if state.reference is None:
        return None
    return measured_trace(state.reference, state.knowledge, state.effect)
