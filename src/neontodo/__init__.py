"""neontodo: a command-line task manager on your own Postgres, or on an embedded SQLite store."""

__version__ = "0.1.0"
