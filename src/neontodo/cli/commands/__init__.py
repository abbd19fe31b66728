"""The verbs of `todo`, one or a family per file."""
