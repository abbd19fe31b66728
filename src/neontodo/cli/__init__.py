"""The `todo` command line: parse, call a service, render."""
