"""One warm process that runs the commands of whichever `todo` comes next.

The launcher offers a command and its standard streams on a Unix socket. Threads of the agent talk
to launchers; its main thread runs one command at a time, with the very same `run(argv, app)`.
"""
