"""What the schema is called; kept apart from Alembic, which takes 0.3 s to import."""

from __future__ import annotations

import sqlalchemy as sa

HEAD = "0002"
"""The newest revision in `migrations/versions`, as a test makes sure."""

VERSION_TABLE = "todo_version"
"""Not Alembic's default name: the database may be another program's too."""

STORED_VERSION = sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
"""The question which version a store is of."""
