"""Check what a command needs, one thing after the other, for `todo doctor`; change nothing."""
