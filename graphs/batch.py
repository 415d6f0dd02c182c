"""A batch of photographs as LangGraph Studio and the LangGraph server load it."""

from echo_agent.batch_graph import build_batch_graph

graph = build_batch_graph()
