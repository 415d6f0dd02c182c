"""The conversation about inspections."""
