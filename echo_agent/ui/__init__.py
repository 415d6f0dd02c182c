"""The page for the person at the line."""
