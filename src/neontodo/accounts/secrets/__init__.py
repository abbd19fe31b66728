"""Stored secrets: the keyring of the operating system, and private files."""
