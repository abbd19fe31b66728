"""Row isolation on Postgres: policies that tell a member nothing, and no right to lock a table.

What a member writes by plain SQL is kept to what the program itself writes.
"""

from __future__ import annotations

import re

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

SPACES = (
    r"E'\u0009\u000A\u000B\u000C\u000D\u001C\u001D\u001E\u001F\u0020\u0085\u00A0\u1680\u2000\u2001\u2002"
    r"\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'"
)
INSTANTS = "BETWEEN '0001-01-03 00:00:00+00:00' AND '9999-12-29 00:00:00+00:00'"
STEP_MAX, MEMBERS_MAX = 10_000_000, 2**52
COUNTED = (("tasks", "number", "last_number"), ("changes", "seq", "last_seq"))
CHECKS = {
    "users": {
        "id": "length(id) BETWEEN 1 AND 512",
        "names": "length(email) <= 320 AND length(name) <= 320",
        "last_number": "last_number BETWEEN 0 AND 9007199254740992",
        "last_seq": "last_seq BETWEEN 0 AND 9007199254740992",
    },
    "keys": {
        "id": "length(id) BETWEEN 1 AND 255",
        "texts": "length(public_key) <= 255 AND length(label) <= 400",
    },
    "tasks": {
        "number_max": "number <= 9007199254740992",
        # The common case first, without the functions that look at every character.
        "title_stripped": (
            "ascii(title) BETWEEN 33 AND 126 AND ascii(right(title, 1)) BETWEEN 33 AND 126"
            f" OR title = btrim(title, {SPACES})"
        ),
        "description_empty": "description <> ''",
        "project": (
            "octet_length(project) <= 100 AND ascii(project) BETWEEN 33 AND 126"
            " AND ascii(right(project, 1)) BETWEEN 33 AND 126"
            f" OR length(project) BETWEEN 1 AND 100 AND project = btrim(project, {SPACES})"
        ),
        "tags": (
            "tags = '' OR CASE WHEN octet_length(tags) <= 102 AND tags ~ '^( [-!-+.-~]+)+ $'"
            " THEN tsvector_to_array(array_to_tsvector(string_to_array(btrim(tags, ' '), ' ')))"
            " = string_to_array(btrim(tags, ' '), ' ') ELSE todo_is_tag_set(tags) END"
        ),
        "search_text": (
            "octet_length(search_text) <= 20 + 20 * (CAST(octet_length(title) AS bigint)"
            " + coalesce(octet_length(description), 0) + coalesce(octet_length(project), 0)"
            " + octet_length(tags))"
        ),
        "extra": "todo_is_extra(extra)",
        "due_on": (
            "due_on BETWEEN '0001-01-02' AND '9999-12-30'"
            # Of infinite days there is no difference.
            f" AND CASE WHEN due_at {INSTANTS}"
            " THEN abs(due_on - CAST(timezone('UTC', due_at) AS date)) <= 1 ELSE true END"
        ),
        "instants": (
            f"due_at {INSTANTS} AND (completed_at IS NULL OR completed_at {INSTANTS})"
            f" AND created_at {INSTANTS} AND updated_at {INSTANTS}"
        ),
    },
    "changes": {
        "seq": "seq BETWEEN 1 AND 9007199254740992",
        "position": "position >= 0",
        "key_id": "length(key_id) <= 400",
        "states": "todo_is_logged(before) AND todo_is_logged(after)",
        "at": f"at {INSTANTS}",
    },
}

UPDATABLE = (
    "title, description, completed, completed_at, due_on, due_at, priority, project, tags, "
    "search_text, extra, created_at, updated_at"
)

MAPPED = (
    "role = session_user AND removed_at IS NULL AND (joined_at IS NOT NULL OR expires_at IS NULL)"
)
"""Which row of `members` says whose rows a session is shown."""

ACCEPTABLE = (
    "role = session_user AND removed_at IS NULL AND joined_at IS NULL"
    # By the clock: a transaction that began in time is no invitation for later.
    " AND (expires_at IS NULL OR expires_at > clock_timestamp())"
)
"""Which row of `members` is an invitation that the session can accept."""


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    schema = op.get_context().opts["todo_schema"]
    drop_policies(schema)
    create_invitations(schema)
    clear_statistics(schema)
    create_map_function(schema)
    create_policies(schema, {column: own_rows(schema, column) for column in ("id", "user_id")})
    create_remove_function(schema)
    restrict_members(schema)
    repair_counters()
    create_check_functions(schema)
    add_checks(schema)
    guard_counters(schema)


def downgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    refuse_while_shared()
    schema = op.get_context().opts["todo_schema"]
    release_counters(schema)
    drop_checks(schema)
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
        set_statistics(table, -1, list(columns))


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
    for table in (*OWN_COLUMNS, "members", "todo_version"):
        analyzed = ", ".join(f"'{name}'" for name in COLUMNS_WITH_STATISTICS.get(table, ()))
        op.execute(
            f"""
            DO $todo$
            DECLARE
                altered regclass := '{schema}.{table}';
                found record;
            BEGIN
                FOR found IN
                    SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
                    WHERE attrelid = altered AND attnum > 0 AND NOT attisdropped
                LOOP
                    IF found.attname = ANY (CAST(ARRAY[{analyzed}] AS name[])) THEN
                        EXECUTE format(
                            'ALTER TABLE %s ALTER COLUMN %I TYPE %s',
                            altered, found.attname, found.type
                        );
                    END IF;
                    EXECUTE format(
                        'ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', altered, found.attname
                    );
                END LOOP;
            END $todo$
            """
        )
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
            -- Who has joined takes no lock of the table that the owner would wait for.
            IF NOT EXISTS (SELECT FROM {schema}.members WHERE {ACCEPTABLE}) THEN
                RETURN false;
            END IF;
            UPDATE {schema}.members SET joined_at = now() WHERE {ACCEPTABLE};
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


def repair_counters() -> None:
    """Reset counters that plain SQL has changed to the numbers in use."""
    op.execute(
        f"""
        UPDATE users SET
            last_number = CASE WHEN last_number BETWEEN numbers AND {MEMBERS_MAX}
                THEN last_number ELSE numbers END,
            last_seq = CASE WHEN last_seq BETWEEN seqs AND {MEMBERS_MAX}
                THEN last_seq ELSE seqs END
        FROM (
            SELECT users.id AS owner_id,
                (SELECT coalesce(max(number), 0) FROM tasks
                 WHERE user_id = users.id AND number <= {MEMBERS_MAX}) AS numbers,
                (SELECT coalesce(max(seq), 0) FROM changes
                 WHERE user_id = users.id AND seq <= {MEMBERS_MAX}) AS seqs
            FROM users
        ) AS given
        WHERE id = owner_id
            AND NOT (last_number BETWEEN numbers AND {MEMBERS_MAX}
                AND last_seq BETWEEN seqs AND {MEMBERS_MAX})
        """
    )


def create_check_functions(schema: str) -> None:
    """Make what a condition of CHECK cannot say by itself.

    In JSON, text and numbers are allowed as Python writes them: no NUL and no half of a surrogate
    pair, and no other spelling of a float, which could become longer when it is written again.
    """
    for function in (IS_TAG_SET, IS_ODD_OBJECT, IS_OBJECT, HAS_AGREED_PARTS, IS_EXTRA, IS_LOGGED):
        # After a colon, SQLAlchemy would look for the name of a parameter.
        op.execute(re.sub(r"(?<!:):(?=\w)", r"\\:", function.replace("{schema}", schema)))


IS_TAG_SET = rf"""
CREATE FUNCTION {{schema}}.todo_is_tag_set(tags text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    tag text;
    previous text := '';
BEGIN
    IF tags = '' THEN
        RETURN true;
    ELSIF length(tags) > 10000 OR tags !~ '^ .+ $'
        OR translate(tags, {SPACES.replace("u0020", "u002C")}, '') <> tags
    THEN
        RETURN false;
    END IF;
    FOREACH tag IN ARRAY string_to_array(substr(tags, 2, length(tags) - 2), ' ') LOOP
        IF tag <= previous COLLATE "C" OR length(tag) > 100 THEN
            RETURN false;
        END IF;
        previous := tag;
    END LOOP;
    RETURN true;
END $$
"""
IS_ODD_OBJECT = r"""
CREATE FUNCTION {schema}.todo_is_odd_object(value json, depth integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    content text := CAST(value AS text);
BEGIN
    IF position('\u' IN content) > 0 THEN
        BEGIN
            PERFORM CAST(value AS jsonb);
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            RETURN false;
        END;
    END IF;
    IF content !~ '[:,[] *-?[0-9.]*([0-9][eE]|[0-9]{17})'
        AND octet_length(content) - octet_length(replace(replace(content, '[', ''), '{', ''))
            <= depth
    THEN
        RETURN true;
    END IF;
    content := regexp_replace(content, '"(?:[^"\\]|\\.)*"', '', 'g');
    IF regexp_replace(
        content,
        '([^0-9.])[1-9](?:[.][0-9]+)?e(?:[+](?:1[6-9]|[2-9][0-9]|[12][0-9]{2}|30[0-7])'
            '|-(?:0[5-9]|[1-9][0-9]|[12][0-9]{2}|3[0-2][0-9]))(?![0-9])',
        '\1', 'g'
    ) ~ '[0-9][eE]|[0-9]{201}|[0-9]{17}[.]' THEN
        RETURN false;
    END IF;
    content := regexp_replace(content, '[^][{}]', '', 'g');
    FOR level IN 1..depth LOOP
        EXIT WHEN content = '';
        content := regexp_replace(content, '\[\]|\{\}', '', 'g');
    END LOOP;
    RETURN content = '';
END $$
"""
# Of LANGUAGE sql, so that the planner writes them out where they are called.
IS_OBJECT = r"""
CREATE FUNCTION {schema}.todo_is_object(value json, size integer, depth integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value IS NULL THEN true
        WHEN json_typeof(value) <> 'object' OR octet_length(CAST(value AS text)) > size THEN false
        WHEN CAST(value AS text) !~ '\\u|[0-9][eE]|[0-9]{17}' AND octet_length(CAST(value AS text))
            - octet_length(replace(replace(CAST(value AS text), '[', ''), '{', '')) <= depth
        THEN true
        ELSE {schema}.todo_is_odd_object(value, depth)
    END
$$
"""
HAS_AGREED_PARTS = r"""
CREATE FUNCTION {schema}.todo_has_agreed_parts(extra json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    notes json := extra -> 'annotations';
BEGIN
    RETURN coalesce(json_typeof(extra -> 'title'), 'string') = 'string'
        AND coalesce(json_typeof(extra -> 'description'), 'string') = 'string'
        AND CASE coalesce(json_typeof(notes), 'absent')
            WHEN 'absent' THEN true
            WHEN 'array' THEN NOT EXISTS (
                SELECT FROM json_array_elements(notes) AS note
                WHERE CASE WHEN json_typeof(note) = 'object'
                    THEN coalesce(json_typeof(note -> 'description'), '') <> 'string'
                        OR coalesce(json_typeof(note -> 'entry'), 'string') <> 'string'
                    ELSE true END
            )
            ELSE false
        END;
END $$
"""
IS_EXTRA = r"""
CREATE FUNCTION {schema}.todo_is_extra(extra json) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN extra IS NULL THEN true
        WHEN NOT {schema}.todo_is_object(extra, 16384, 50) THEN false
        WHEN CAST(extra AS text) !~ '"(?:title|description|annotations)"|\\u' THEN true
        ELSE {schema}.todo_has_agreed_parts(extra)
    END
$$
"""
IS_LOGGED = """
CREATE FUNCTION {schema}.todo_is_logged(state json) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT {schema}.todo_is_object(state, 262144, 51) $$
"""


def add_checks(schema: str) -> None:
    """Let every new row be as the program writes it; rows that are not stay, and can be removed.

    A table that holds such rows, or one that is too large to be looked at, gets its checks without
    that: `todo db upgrade` validates those that all rows have come to pass.
    """
    for table, checks in CHECKS.items():
        added = [
            f"ADD CONSTRAINT ck_{table}_{name} CHECK ({condition})"
            for name, condition in checks.items()
        ]
        alter = f"ALTER TABLE {schema}.{table} "
        op.execute(
            f"""
            DO $todo$ BEGIN
                {alter}{", ".join(added)};
            EXCEPTION WHEN OTHERS THEN
                {alter}{", ".join(f"{check} NOT VALID" for check in added)};
            END $todo$
            """
        )


def drop_checks(schema: str) -> None:
    for table, checks in CHECKS.items():
        dropped = ", ".join(f"DROP CONSTRAINT ck_{table}_{name}" for name in checks)
        op.execute(f"ALTER TABLE {schema}.{table} {dropped}")
    for function in (
        "todo_is_logged(json)",
        "todo_is_extra(json)",
        "todo_has_agreed_parts(json)",
        "todo_is_object(json, integer, integer)",
        "todo_is_odd_object(json, integer)",
        "todo_is_tag_set(text)",
    ):
        op.execute(f"DROP FUNCTION {schema}.{function}")


def guard_counters(schema: str) -> None:
    """Let members take numbers and seqs only from their counters, and those only count up.

    Another login of the same user, such as a lost phone, cannot take what the next command needs.
    A command that has taken too many seqs gives them back, down to the last one in the log. The
    trigger sees rows of their own only, as it comes after the policies.
    """
    op.execute(
        f"""
        CREATE FUNCTION {schema}.todo_guard_counters() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.last_number < OLD.last_number
                OR NEW.last_number - OLD.last_number > {STEP_MAX}
                OR NEW.last_seq - OLD.last_seq > {STEP_MAX}
                OR greatest(NEW.last_number, NEW.last_seq) > {MEMBERS_MAX}
                OR NEW.last_seq < OLD.last_seq AND NEW.last_seq < (
                    SELECT coalesce(max(seq), 0) FROM {schema}.changes
                    WHERE user_id = NEW.id AND seq <= {MEMBERS_MAX}
                )
            THEN
                RAISE check_violation USING MESSAGE = 'counters of tasks and changes count up';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        f"""
        CREATE TRIGGER guard_counters BEFORE UPDATE ON {schema}.users FOR EACH ROW
        WHEN (row_security_active(CAST('{schema}.users' AS regclass)))
        EXECUTE FUNCTION {schema}.todo_guard_counters()
        """
    )
    for table, column, counter in COUNTED:
        op.execute(
            f"""
            CREATE POLICY counted_insert ON {schema}.{table} AS RESTRICTIVE FOR INSERT
            WITH CHECK ({column} <= (
                SELECT {counter} FROM {schema}.users WHERE id = {schema}.todo_current_user()
            ))
            """
        )


def release_counters(schema: str) -> None:
    for table, _, _ in COUNTED:
        op.execute(f"DROP POLICY counted_insert ON {schema}.{table}")
    op.execute(f"DROP TRIGGER guard_counters ON {schema}.users")
    op.execute(f"DROP FUNCTION {schema}.todo_guard_counters()")


def refuse_while_shared() -> None:
    """Refuse to give members back what they could read of each other before."""
    shared = sa.text("SELECT EXISTS (SELECT FROM members WHERE removed_at IS NULL)")
    if op.get_bind().scalar(shared):
        raise Refused(
            "the database is shared: with the earlier schema its members could read each other's"
            " tasks",
            hint="`todo member list` names them, `todo member remove` removes one",
        )
