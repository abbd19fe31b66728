"""A process that keeps everything imported and a store open, for whichever `todo` comes next.

The launcher offers a command and its standard streams on a Unix socket; the agent's parent hands
them to a worker, and the worker runs the very same `run(argv, app)` in its own process.
"""
