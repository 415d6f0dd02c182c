"""The inspection as LangGraph Studio and the LangGraph server load it (they bring their own checkpointer)."""

from echo_agent.graph import build_graph

graph = build_graph()
