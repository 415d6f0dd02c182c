"""Knowledge Guide: brings the know-how about the product."""

from langgraph.runtime import Runtime

from echo_agent.context import Context
from echo_agent.experts.run import Update, context_of, memory_of, timed
from echo_agent.knowledge.card_text import read_card
from echo_agent.state import State


@timed
def knowledge_guide(state: State, runtime: Runtime[Context]) -> Update:
    """Reads the card that was registered with the product."""
    product = state.reference.product if state.reference else None
    if product is None or "knowledge" not in context_of(runtime).experts:
        return {"knowledge": None}
    file = memory_of(runtime).card(product)
    return {"knowledge": read_card(file) if file is not None else None}
