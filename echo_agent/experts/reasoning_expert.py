"""Reasoning Expert: writes the steps from the evidence to a conclusion, each with the evidence it stands on."""

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.decision.case import case_of
from echo_agent.decision.measured_trace import measured_trace
from echo_agent.decision.reasoning_tools import ReasoningTools
from echo_agent.errors import NoAnswerError
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.memory.memory import Memory
from echo_agent.mllm.choice import open_decider
from echo_agent.mllm.decider import Decider
from echo_agent.settings import process_settings
from echo_agent.state import State, Trace


@timed
def reasoning_expert(state: State, runtime: Runtime[Context]) -> Update:
    """Writes the trace: by the MLLM where there is one, else from the evidence alone.

    A trace of the MLLM that cannot be read, is late or does not fit the memory gives way to the measured one;
    ``Trace.written_by`` tells whose it is.
    """
    context = context_of(runtime)
    decider = open_decider(context.mllm or process_settings().mllm)
    return {"trace": trace_of(state, context, memory_of(runtime) if decider else None, decider)}


def trace_of(state: State, context: Context, memory: Memory | None, decider: Decider | None) -> Trace | None:
    """Writes the trace of one attempt.

    Args:
        state: The state, with the evidence.
        context: The run's settings.
        memory: Keeps the crops that an MLLM is shown.
        decider: The MLLM; None writes from the evidence alone.

    Returns:
        The trace; None where there is neither an MLLM that wrote one nor evidence.
    """
    if decider is not None:
        case = case_of(state.model_copy(update={"trace": None}), context, memory)
        tools = None
        if memory is not None:
            use = state.route.use if state.route is not None else context.experts
            tools = ReasoningTools(state, context, memory, use, shown=len(case.references))
        try:
            return decider.reason(case, tools, context.tool_calls)
        except NoAnswerError:
            pass
    return measured_trace(state.reference, state.knowledge) if state.reference is not None else None
