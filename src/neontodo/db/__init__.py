"""The shared db module: the only opener of sessions."""
