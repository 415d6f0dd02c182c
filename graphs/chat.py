"""The conversation as LangGraph Studio and the LangGraph server load it (they bring their own checkpointer)."""

from echo_agent.chat.graph import build_chat_graph

graph = build_chat_graph()
