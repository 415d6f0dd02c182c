"""Reasoning Expert: writes the steps from the evidence to a conclusion, each with the evidence it stands on."""

from typing import Any

from echo_agent.decision.measured_trace import measured_trace
from echo_agent.decision.reasoning_tools import ReasoningTools
from echo_agent.decision.show import show
from echo_agent.errors import ModelServerError, NoAnswerError
from echo_agent.resources import Resources
from echo_agent.state import State, Trace


def reasoning_expert(state: State, resources: Resources) -> dict[str, Any]:
    """Writes the trace: by the language model where there is one, else from the evidence alone.

    A trace of the model that cannot be read, is late or does not fit the memory gives way to the measured one;
    ``Trace.written_by`` tells whose it is, and ``Trace.instead_of`` why.

    Raises:
        ModelServerError: The model's server cannot be reached or failed, which may pass.
        ModelError: The language model is missing or misconfigured.
    """
    decider = resources.decider
    if decider is None:
        return {"trace": _measured(state)}
    case = show(state.model_copy(update={"trace": None}), resources)
    use = state.route.use if state.route is not None else resources.context.experts
    tools = ReasoningTools(state, resources, use, shown=len(case.references))
    try:
        return {"trace": decider.reason(case, tools, resources.context.tool_calls)}
    except ModelServerError:
        raise
    except NoAnswerError as error:
        return reasoned_from_evidence(state, resources, error)


def reasoned_from_evidence(state: State, resources: Resources, error: NoAnswerError) -> dict[str, Any]:
    """Writes the trace from the evidence where the language model wrote none, and says why."""
    return {"trace": _measured(state, str(error))}


def _measured(state: State, instead_of: str | None = None) -> Trace | None:
    if state.reference is None:
        return None
    trace = measured_trace(state.reference, state.knowledge, state.effect)
    return trace.model_copy(update={"instead_of": instead_of})
