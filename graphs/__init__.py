"""The graphs that ``langgraph.json`` names: exports, no logic."""
