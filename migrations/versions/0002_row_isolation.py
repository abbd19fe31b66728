"""Row isolation on Postgres: policies that tell a member nothing, and no right to lock a table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from neontodo.errors import Refused

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OWN_COLUMNS = {"users": "id", "keys": "user_id", "tasks": "user_id", "changes": "user_id"}
OWN_POLICIES = (
    ("users", "SELECT"),
    ("users", "UPDATE"),
    ("keys", "SELECT"),
    ("keys", "UPDATE"),
    ("tasks", "ALL"),
    ("changes", "SELECT"),
    ("changes", "INSERT"),
)
COLUMNS_WITH_STATISTICS = {
    "tasks": ("user_id", "completed"),
    "keys": ("user_id",),
    "changes": ("user_id",),
    "members": ("role", "user_id", "key_id", "created_at", "removed_at"),
}
"""Those that 0001 left to be analyzed."""

UPDATABLE = (
    "title, description, completed, completed_at, due_on, due_at, priority, project, tags, "
    "search_text, extra, created_at, updated_at"
)

MAPPED = (
    "role = session_user AND removed_at IS NULL AND (joined_at IS NOT NULL OR expires_at IS NULL)"
)
"""Which row of `members` says whose rows a session is shown."""


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    schema = quoted_schema()
    drop_policies(schema)
    op.execute(f"ALTER FUNCTION {schema}.todo_current_user() IMMUTABLE")
    create_invitations(schema)
    clear_statistics(schema)
    create_map_function(schema)
    create_policies(schema, {column: own_rows(schema, column) for column in ("id", "user_id")})
    create_remove_function(schema)
    restrict_members(schema)


def downgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    refuse_while_shared()
    schema = quoted_schema()
    drop_policies(schema)
    op.execute(f"DROP FUNCTION {schema}.todo_remove_tasks(text, uuid[])")
    op.execute(f"DROP FUNCTION {schema}.todo_current_user_map()")
    drop_invitations(schema)
    op.execute(f"ALTER FUNCTION {schema}.todo_current_user() STABLE")
    per_statement = {
        column: f"{column} = (SELECT {schema}.todo_current_user())" for column in ("id", "user_id")
    }
    create_policies(schema, per_statement)
    for table, columns in COLUMNS_WITH_STATISTICS.items():
        set_statistics(table, -1, [c for c in columns if table == "members" or c != "role"])


def quoted_schema() -> str:
    bind = op.get_bind()
    name = bind.scalar(sa.text("SELECT current_schema()"))
    return str(bind.dialect.identifier_preparer.quote(name))


def own_rows(schema: str, column: str) -> str:
    """Return the condition for a member's own rows, which no condition of theirs can precede.

    Postgres evaluates a leakproof condition before a policy's where it is the cheaper one, and
    EXPLAIN and the session's counters tell what was evaluated. The functions are declared
    IMMUTABLE so that the planner replaces them by the member's id: there is no sub-select whose
    execution could be observed. To the planner a subscript costs nothing, less than any comparison
    and no more than `completed` or `description IS NULL`; conditions of equal cost keep their
    order, policies first. The comparison is for the index.
    """
    return (
        f"({schema}.todo_current_user_map())[{column}] IS NOT NULL"
        f" AND {column} = {schema}.todo_current_user()"
    )


def create_map_function(schema: str) -> None:
    """Answer the member's id as the key of an object; NULL for whoever is no member.

    The value is an array, since a string would be copied at three times the cost for each row.
    """
    op.execute(
        f"""
        CREATE FUNCTION {schema}.todo_current_user_map() RETURNS jsonb
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
        AS $$
            SELECT jsonb_build_object(user_id, '[]'::jsonb) FROM {schema}.members WHERE {MAPPED}
        $$
        """
    )


def drop_policies(schema: str) -> None:
    for table, command in OWN_POLICIES:
        op.execute(f"DROP POLICY own_{command.lower()} ON {schema}.{table}")


def create_policies(schema: str, conditions: dict[str, str]) -> None:
    for table, command in OWN_POLICIES:
        own = conditions[OWN_COLUMNS[table]]
        rule = f"WITH CHECK ({own})" if command == "INSERT" else f"USING ({own})"
        if (table, command) == ("keys", "UPDATE"):
            # What was revoked stays revoked.
            rule = (
                f"USING ({own} AND revoked_at IS NULL)"
                f" WITH CHECK ({own} AND revoked_at IS NOT NULL)"
            )
        op.execute(f"CREATE POLICY own_{command.lower()} ON {schema}.{table} FOR {command} {rule}")


def clear_statistics(schema: str) -> None:
    """Keep every column out of the planner's statistics, whose estimates EXPLAIN shows to members.

    What was collected before stays until the type of the column is altered, be it to the same.
    """
    inspector = sa.inspect(op.get_bind())
    for table in (*OWN_COLUMNS, "members", "todo_version"):
        columns = {str(c["name"]): c["type"] for c in inspector.get_columns(table)}
        for name in COLUMNS_WITH_STATISTICS.get(table, ()):
            kind = columns[name].compile(dialect=op.get_bind().dialect)
            op.execute(f"ALTER TABLE {schema}.{table} ALTER COLUMN {name} TYPE {kind}")
        set_statistics(table, 0, list(columns))
    for position in (3, 4):
        # The index was rebuilt with the column's type.
        op.execute(f"ALTER INDEX {schema}.ix_tasks_order ALTER COLUMN {position} SET STATISTICS 0")


def set_statistics(table: str, target: int, columns: list[str]) -> None:
    actions = ", ".join(f"ALTER COLUMN {name} SET STATISTICS {target}" for name in columns)
    op.execute(f"ALTER TABLE {table} {actions}")


def create_remove_function(schema: str) -> None:
    """Let members remove their own tasks without DELETE, which brings the right to LOCK TABLE.

    Whoever owns the table may remove anybody's, as by DELETE.
    """
    op.execute(
        f"""
        CREATE FUNCTION {schema}.todo_remove_tasks(owner_id text, ids uuid[]) RETURNS void
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
            DELETE FROM {schema}.tasks WHERE user_id = owner_id AND id = ANY (ids)
            AND (
                owner_id = {schema}.todo_current_user()
                OR pg_has_role(
                    session_user,
                    (SELECT relowner FROM pg_class WHERE oid = CAST('{schema}.tasks' AS regclass)),
                    'USAGE'
                )
            )
        $$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {schema}.todo_remove_tasks(text, uuid[]) FROM PUBLIC")


def create_invitations(schema: str) -> None:
    """Let an invitation be accepted once and in time, and show its login nothing before.

    The row's lock decides between two who accept it at once. Where the role itself expires with the
    invitation, that ends here: a role may not alter its own VALID UNTIL. Logins from before have no
    `expires_at`: they stay mapped, and an invitation that was still unused can be accepted.
    """
    for name in ("expires_at", "joined_at"):
        op.add_column("members", sa.Column(name, sa.DateTime(timezone=True)))
    define_current_user(schema, MAPPED)
    op.execute(
        f"""
        CREATE FUNCTION {schema}.todo_accept_invitation() RETURNS boolean
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
        BEGIN
            UPDATE {schema}.members SET joined_at = now()
            WHERE role = session_user AND removed_at IS NULL AND joined_at IS NULL
            AND (expires_at IS NULL OR expires_at > now());
            IF NOT FOUND THEN
                RETURN false;
            END IF;
            IF EXISTS (
                SELECT FROM pg_roles WHERE rolname = session_user AND rolvaliduntil < 'infinity'
            ) THEN
                EXECUTE format('ALTER ROLE %I VALID UNTIL ''infinity''', session_user);
            END IF;
            RETURN true;
        END
        $$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {schema}.todo_accept_invitation() FROM PUBLIC")


def drop_invitations(schema: str) -> None:
    op.execute(f"DROP FUNCTION {schema}.todo_accept_invitation()")
    define_current_user(schema, "role = session_user AND removed_at IS NULL")
    for name in ("joined_at", "expires_at"):
        op.drop_column("members", name)


def define_current_user(schema: str, condition: str) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION {schema}.todo_current_user() RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
            SELECT user_id FROM {schema}.members WHERE {condition}
        $$
        """
    )


def restrict_members(schema: str) -> None:
    """Give the members of a database that is shared already what `todo member add` now gives."""
    op.execute(
        f"""
        DO $todo$
        DECLARE
            members text := (
                SELECT rolname FROM pg_roles WHERE rolname = 'todo_members_' || (
                    SELECT oid::text FROM pg_database WHERE datname = current_database()
                )
            );
        BEGIN
            IF members IS NOT NULL THEN
                EXECUTE format('REVOKE UPDATE, DELETE ON {schema}.tasks FROM %I', members);
                EXECUTE format('GRANT UPDATE ({UPDATABLE}) ON {schema}.tasks TO %I', members);
                EXECUTE format(
                    'GRANT EXECUTE ON FUNCTION {schema}.todo_remove_tasks(text, uuid[]) TO %I',
                    members
                );
                EXECUTE format(
                    'GRANT EXECUTE ON FUNCTION {schema}.todo_accept_invitation() TO %I', members
                );
            END IF;
        END $todo$
        """
    )


def refuse_while_shared() -> None:
    """Refuse to give members back what they could read of each other before."""
    shared = sa.text("SELECT EXISTS (SELECT FROM members WHERE removed_at IS NULL)")
    if op.get_bind().scalar(shared):
        raise Refused(
            "the database is shared: with the earlier schema its members could read each other's"
            " tasks",
            hint="`todo member list` names them, `todo member remove` removes one",
        )
