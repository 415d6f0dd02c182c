"""Router: decides whether the Reasoning Expert is asked."""

from typing import Literal

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.experts.run import Update, context_of, timed
from echo_agent.state import Route, State

CLEAR_P_VALUE = 0.25


@timed
def router(state: State, runtime: Runtime[Context]) -> Update:
    """Chooses the path and says why: reasoning for retries, questions and unclear evidence."""
    context = context_of(runtime)
    use = context.experts
    if "reasoning" not in use or context.profile == "never":
        return {"route": Route(next="decision_maker", use=use, why="reasoning is switched off")}
    if context.profile == "always":
        return {"route": Route(next="reasoning_expert", use=use, why="reasoning is always asked for")}
    if state.attempts:
        return {
            "route": Route(next="reasoning_expert", use=use, why="the attempt before was not sure enough")
        }
    if state.question is not None:
        return {"route": Route(next="reasoning_expert", use=use, why="a question was asked")}
    evidence = state.reference
    if evidence is not None and evidence.p_value is not None and evidence.p_value > CLEAR_P_VALUE:
        return {"route": Route(next="decision_maker", use=use, why="the part looks like its references")}
    return {
        "route": Route(
            next="reasoning_expert", use=use, why="the part does not clearly look like its references"
        )
    }


def after_router(state: State) -> Literal["reasoning_expert", "decision_maker"]:
    """Follows the router's choice."""
    return state.route.next if state.route is not None else "decision_maker"
