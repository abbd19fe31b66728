"""Users, keys, tasks, changes; on Postgres also members and row level security."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from neontodo.errors import Refused

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text, "sqlite")
ORDERED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    tables = create_users(), create_keys(), create_tasks(), create_changes()
    if op.get_context().dialect.name == "postgresql":
        create_members()
        enable_row_level_security(op.get_context().opts["todo_schema"])
        forgo_statistics(tables)


def create_users() -> sa.Table:
    return op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )


def create_keys() -> sa.Table:
    return op.create_table(
        "keys",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_keys_user_id"),
    )


def create_tasks() -> sa.Table:
    table = op.create_table(
        "tasks",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("title", ORDERED_TEXT, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("completed_at", INSTANT),
        sa.Column("due_on", sa.Date),
        sa.Column("due_at", INSTANT),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("project", ORDERED_TEXT),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("search_text", ORDERED_TEXT, nullable=False),
        sa.Column("extra", sa.JSON),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tasks_user_id"),
        sa.UniqueConstraint("user_id", "number", name="uq_tasks_user_id_number"),
        sa.CheckConstraint("number > 0", name=op.f("ck_tasks_number")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name=op.f("ck_tasks_title")),
        sa.CheckConstraint("length(description) <= 2000", name=op.f("ck_tasks_description")),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", name=op.f("ck_tasks_priority")),
        sa.CheckConstraint(
            "completed = (completed_at IS NOT NULL)", name=op.f("ck_tasks_completed")
        ),
        sa.CheckConstraint("due_at IS NULL OR due_on IS NOT NULL", name=op.f("ck_tasks_due")),
    )
    op.create_index(
        "ix_tasks_order",
        "tasks",
        [
            "user_id",
            "completed",
            sa.text("coalesce(due_on, '9999-12-31')"),
            sa.text("coalesce(due_at, '9999-12-31 00:00:00+00')"),
            sa.text("priority DESC"),
            "number",
        ],
    )
    return table


def create_changes() -> sa.Table:
    table = op.create_table(
        "changes",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("command_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("reverts", sa.Uuid),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "seq", name="pk_changes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_changes_user_id"),
        sa.CheckConstraint("kind IN ('create', 'update', 'delete')", name=op.f("ck_changes_kind")),
    )
    first = sa.text("position = 0")
    op.create_index(
        "uq_changes_command",
        "changes",
        ["user_id", "command_id"],
        unique=True,
        sqlite_where=first,
        postgresql_where=first,
    )
    op.create_index(
        "ix_changes_commands",
        "changes",
        ["user_id", "seq"],
        sqlite_where=first,
        postgresql_where=first,
    )
    op.create_index("ix_changes_task", "changes", ["user_id", "task_id", "seq"])
    return table


def create_members() -> None:
    op.create_table(
        "members",
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT),
        sa.PrimaryKeyConstraint("role", name="pk_members"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_members_user_id"),
    )


def enable_row_level_security(schema: str) -> None:
    """Enable row level security, not forced: the tables' owner owns the data; members have roles.

    The function's fixed search_path keeps a caller from shadowing what it reads, and the
    bracketed select in each policy makes it run once per statement instead of once per row.
    `members` has no policy: nobody but the tables' owner sees a row of it, whatever was granted.
    """
    op.execute(
        f"""
        CREATE FUNCTION {schema}.todo_current_user() RETURNS text
        LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
            SELECT user_id FROM {schema}.members WHERE role = session_user AND removed_at IS NULL
        $$
        """
    )
    own = f"(SELECT {schema}.todo_current_user())"
    revoked = f"WITH CHECK (user_id = {own} AND revoked_at IS NOT NULL)"
    for table in ("users", "keys", "tasks", "changes", "members"):
        op.execute(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")
    for table, command, rule in (
        ("users", "SELECT", f"USING (id = {own})"),
        ("users", "UPDATE", f"USING (id = {own})"),
        ("keys", "SELECT", f"USING (user_id = {own})"),
        # What was revoked stays revoked.
        ("keys", "UPDATE", f"USING (user_id = {own} AND revoked_at IS NULL) {revoked}"),
        ("tasks", "ALL", f"USING (user_id = {own})"),
        ("changes", "SELECT", f"USING (user_id = {own})"),
        ("changes", "INSERT", f"WITH CHECK (user_id = {own})"),
    ):
        op.execute(f"CREATE POLICY own_{command.lower()} ON {schema}.{table} FOR {command} {rule}")


def forgo_statistics(tables: Iterable[sa.Table]) -> None:
    """Keep everybody's values out of the planner's statistics, but for whose they are.

    Row level security does not hide them: the row estimates of EXPLAIN tell a member where in the
    alphabet the others' titles lie, and so letter by letter what they say. All lookups go by the
    user first, which no other column's statistics make any quicker.
    """
    for table in tables:
        actions = ", ".join(
            f"ALTER COLUMN {column.name} SET STATISTICS 0"
            for column in table.columns
            if column.name not in ("user_id", "completed")
        )
        op.execute(f"ALTER TABLE {table.name} {actions}")
    for place in (3, 4):
        op.execute(f"ALTER INDEX ix_tasks_order ALTER COLUMN {place} SET STATISTICS 0")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        refuse_while_shared()
    for table in ("changes", "tasks", "keys"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.drop_table("members")
    op.drop_table("users")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION todo_current_user()")


def refuse_while_shared() -> None:
    """Refuse while there are members: without the table their login roles would be unknown."""
    shared = sa.text("SELECT EXISTS (SELECT FROM members WHERE removed_at IS NULL)")
    if op.get_bind().scalar(shared):
        raise Refused(
            "the database is shared: its members would keep their login roles",
            hint="`todo member list` names them, `todo member remove` removes one",
        )
