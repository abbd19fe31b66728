"""The `todo` script: asks a warm agent to run the command, or runs it in this process."""

from neontodo.launcher.main import main

__all__ = ["main"]
