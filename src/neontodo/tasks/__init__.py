"""Rules about tasks, and the only statements that touch them."""
