"""What Echo adds to the routes of the LangGraph server."""

from echo_agent.serve.mcp import app

__all__ = ["app"]
