"""What the schema is called; kept apart from Alembic, which takes 0.3 s to import."""

HEAD = "0001"
"""The newest revision in `migrations/versions`, as a test makes sure."""

VERSION_TABLE = "todo_version"
"""Not Alembic's default name: the database may be another program's too."""
