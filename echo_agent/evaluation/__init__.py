"""Evaluation: only ever uses the rooms below."""
