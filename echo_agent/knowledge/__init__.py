"""The know-how: cards, their rules and passages."""
