"""Reasoning Expert: writes the steps from the evidence to a conclusion, each with the evidence it stands on."""

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.experts.measured_trace import measured_trace
from echo_agent.experts.run import Update, timed
from echo_agent.state import State


@timed
def reasoning_expert(state: State, runtime: Runtime[Context]) -> Update:
    """Writes the trace from the evidence of the Reference Extractor and the Knowledge Guide."""
    if state.reference is None:
        return {"trace": None}
    return {"trace": measured_trace(state.reference, state.knowledge)}
