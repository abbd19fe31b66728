"""What `todo doctor` looks at, one thing after the other; nothing is ever changed."""
