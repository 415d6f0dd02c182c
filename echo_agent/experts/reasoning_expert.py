"""Reasoning Expert: writes the steps from the evidence to a conclusion, each with the evidence it stands on."""

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.errors import AnswerError, ModelMemoryError, ModelTimeoutError
from echo_agent.experts.measured_trace import measured_trace
from echo_agent.experts.mllm_case import case_of
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.mllm.choice import open_decider
from echo_agent.settings import process_settings
from echo_agent.state import State, Trace


@timed
def reasoning_expert(state: State, runtime: Runtime[Context]) -> Update:
    """Writes the trace: by the MLLM where there is one, else from the evidence alone.

    A trace of the MLLM that cannot be read, is late or does not fit the memory gives way to the measured one;
    ``Trace.written_by`` tells whose it is.
    """
    trace = _written_by_mllm(state, runtime)
    if trace is None and state.reference is not None:
        trace = measured_trace(state.reference, state.knowledge)
    return {"trace": trace}


def _written_by_mllm(state: State, runtime: Runtime[Context]) -> Trace | None:
    context = context_of(runtime)
    decider = open_decider(context.mllm or process_settings().mllm)
    if decider is None:
        return None
    case = case_of(state.model_copy(update={"trace": None}), context, memory_of(runtime))
    try:
        return decider.reason(case)
    except (AnswerError, ModelTimeoutError, ModelMemoryError):
        return None
