"""Start days, notes, what tasks need, views, and room for repeating tasks and claims.

What imports have kept in `extra` of a task's notes and start moves to these fields, in the log as
well. What repeats, and what a task needs, stays there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from neontodo.columns import (
    DAYS,
    EXTRA_MAX_BYTES,
    LOGGED_MAX_BYTES,
    BoundedText,
    Day,
    Identifier,
    Instant,
    Json,
    Tags,
    write_json,
)
from neontodo.columns import INSTANTS as IN_TIME
from neontodo.models import (
    DESCRIPTION_MAX,
    PROJECT_MAX,
    TITLE_MAX,
    format_instant,
    to_json_value,
)
from neontodo.tasks.state import fold_columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text, "sqlite")
ORDERED_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NEW_COLUMNS: dict[str, Any] = {
    "seq": sa.BigInteger,
    "start_on": sa.Date,
    "start_at": INSTANT,
    "notes": sa.JSON,
    "repeat": sa.JSON,
    "series_id": sa.Uuid,
    "claimed_by": sa.Text,
    "claimed_until": INSTANT,
    "conflicts": sa.JSON,
}
ORDER = (
    "user_id",
    "completed",
    "coalesce(due_on, '9999-12-31')",
    "coalesce(due_at, '9999-12-31 00:00:00+00')",
    "priority DESC",
    "number",
)
DONE = ("coalesce(completed_at, '9999-12-31 00:00:00+00') DESC", "number")
FILTERED = ("start_on", "start_at", "due_on", "due_at", "project")
"""What lists are narrowed by, beside the order in its index.

On Postgres without the tags: an entry of an index has at most 2,704 bytes there.
"""
EXPRESSIONS = {"ix_tasks_order": (3, 4), "ix_tasks_done": (3,)}
"""The columns of indexes that would be analyzed by themselves."""

INSTANTS = "BETWEEN '0001-01-03 00:00:00+00:00' AND '9999-12-29 00:00:00+00:00'"
BOTH_ENGINES = {
    "description": ("length(description) <= 2000", "length(description) <= 20000"),
    "start": (None, "start_at IS NULL OR start_on IS NOT NULL"),
    "claimed": (None, "(claimed_by IS NULL) = (claimed_until IS NULL)"),
}
"""Checks of tasks, as they were and as they are."""
SEARCH_TEXT = (
    "octet_length(search_text) <= 20 + 20 * (CAST(octet_length(title) AS bigint)"
    " + coalesce(octet_length(description), 0) + coalesce(octet_length(project), 0)"
    " + octet_length(tags)"
)
POSTGRES = {
    "search_text": (
        f"{SEARCH_TEXT})",
        f"{SEARCH_TEXT} + coalesce(octet_length(CAST(extra AS text)), 0)"
        " + coalesce(octet_length(CAST(notes AS text)), 0))",
    ),
    "instants": (
        f"due_at {INSTANTS} AND (completed_at IS NULL OR completed_at {INSTANTS})"
        f" AND created_at {INSTANTS} AND updated_at {INSTANTS}",
        f"due_at {INSTANTS} AND (completed_at IS NULL OR completed_at {INSTANTS})"
        f" AND created_at {INSTANTS} AND updated_at {INSTANTS}"
        f" AND (start_at IS NULL OR start_at {INSTANTS})"
        f" AND (claimed_until IS NULL OR claimed_until {INSTANTS})",
    ),
    "start_on": (
        None,
        "start_on BETWEEN '0001-01-02' AND '9999-12-30'"
        # Of infinite days there is no difference.
        f" AND CASE WHEN start_at {INSTANTS}"
        " THEN abs(start_on - CAST(timezone('UTC', start_at) AS date)) <= 1 ELSE true END",
    ),
    "seq": (None, "seq BETWEEN 0 AND 9007199254740992"),
    "notes": (None, "todo_is_notes(notes)"),
    "repeat": (None, "todo_is_object(repeat, 4096, 10)"),
    "claimed_by": (None, "length(claimed_by) BETWEEN 1 AND 400"),
    "conflicts": (None, "todo_is_object(conflicts, 262144, 50)"),
}
LOGGED_BYTES = (262144, 524288)

OLD_DESCRIPTION_MAX = 2000
NOTE_MAX, NOTES_MAX, NOTES_MAX_BYTES = 2000, 100, 262144
START = ("start_on", "start_at")
ODD = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
"""What Python raises about a row that this program has not written."""
SEARCH_TEXT_MAX = 1_000_000
"""More than is made of a task's texts; plain SQL may have put more there."""

TASKS = sa.table(
    "tasks",
    sa.column("user_id", sa.Text),
    sa.column("number", sa.BigInteger),
    sa.column("id", Identifier),
    sa.column("title", BoundedText(TITLE_MAX)),
    sa.column("description", BoundedText(DESCRIPTION_MAX)),
    sa.column("project", BoundedText(PROJECT_MAX)),
    sa.column("tags", Tags),
    sa.column("created_at", Instant),
    sa.column("extra", Json(EXTRA_MAX_BYTES)),
    sa.column("notes", Json(NOTES_MAX_BYTES)),
    sa.column("start_on", Day),
    sa.column("start_at", Instant),
    sa.column("search_text", BoundedText(SEARCH_TEXT_MAX)),
)
LOG = sa.table(
    "changes",
    sa.column("user_id", sa.Text),
    sa.column("seq", sa.BigInteger),
    sa.column("task_id", Identifier),
    sa.column("kind", sa.Text),
    sa.column("before", Json(LOGGED_MAX_BYTES)),
    sa.column("after", Json(LOGGED_MAX_BYTES)),
)
ROWS = 1000
"""How many are read and written at once."""

OWNED = ("dependencies", "views")
"""The new tables, whose rows are their user's."""

REMOVE_TASKS = """
            FOR place IN 1..coalesce(cardinality(ids), 0) LOOP
                DELETE FROM {schema}.tasks WHERE user_id = owner_id AND id = ids[place];
            END LOOP;
"""
REMOVE_TASKS_AT_ONCE = "DELETE FROM {schema}.tasks WHERE user_id = owner_id AND id = ANY (ids);"
REMOVALS = (
    (
        "todo_remove_dependencies",
        "task_ids uuid[], needs_ids uuid[]",
        """
            FOR place IN 1..coalesce(cardinality(task_ids), 0) LOOP
                DELETE FROM {schema}.dependencies WHERE user_id = owner_id
                    AND task_id = task_ids[place] AND needs_id = needs_ids[place];
            END LOOP;
        """,
    ),
    (
        "todo_remove_views",
        "names text[]",
        """
            FOR place IN 1..coalesce(cardinality(names), 0) LOOP
                DELETE FROM {schema}.views WHERE user_id = owner_id AND name = names[place];
            END LOOP;
        """,
    ),
)
"""What members may remove of their own: name, arguments after the owner's id, and how."""

IS_NOTES = r"""
CREATE FUNCTION {schema}.todo_is_notes(notes json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF notes IS NULL THEN
        RETURN true;
    ELSIF json_typeof(notes) <> 'array' OR octet_length(CAST(notes AS text)) > 262144
        OR NOT {schema}.todo_is_odd_object(notes, 4)
    THEN
        RETURN false;
    END IF;
    RETURN json_array_length(notes) BETWEEN 1 AND 100 AND NOT EXISTS (
        SELECT FROM json_array_elements(notes) AS note
        WHERE CASE WHEN json_typeof(note) = 'object' THEN
            (SELECT count(*) FROM json_object_keys(note)) <> 3
            OR coalesce(json_typeof(note -> 'id'), '') <> 'string'
            OR note ->> 'id' !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            OR coalesce(json_typeof(note -> 'at'), '') <> 'string'
            OR CASE WHEN note ->> 'at'
                ~ '^[0-9]{4}(-[0-9]{2}){2}T([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]{6})?Z$'
            -- A day that is none, as 30 February, is an error of its own.
            THEN CAST(note ->> 'at' AS timestamptz)
                NOT BETWEEN '0001-01-03 00:00:00+00' AND '9999-12-29 00:00:00+00'
            ELSE true END
            OR coalesce(json_typeof(note -> 'text'), '') <> 'string'
            OR length(note ->> 'text') NOT BETWEEN 1 AND 2000
        ELSE true END
    );
END $$
"""


def upgrade() -> None:
    is_server = op.get_context().dialect.name == "postgresql"
    schema = op.get_context().opts["todo_schema"]
    op.add_column("users", sa.Column("channel", sa.Text))
    op.drop_index("ix_tasks_order", "tasks")
    alter_tasks()
    set_seqs(is_server)
    create_indexes(is_server, schema)
    create_dependencies()
    create_views()
    if is_server:
        op.execute(IS_NOTES.replace("{schema}", schema))
        replace_checks(schema, before=0, after=1)
        define_is_logged(schema, LOGGED_BYTES[1])
    move_parked_fields()
    if is_server:
        forgo_statistics(schema)
        restrict_rows(schema)
        define_removal(schema, "todo_remove_tasks", "ids uuid[]", REMOVE_TASKS)
        for name, arguments, body in REMOVALS:
            define_removal(schema, name, arguments, body)
        grant_members(schema)


def downgrade() -> None:
    is_server = op.get_context().dialect.name == "postgresql"
    schema = op.get_context().opts["todo_schema"]
    park_fields()
    for table in OWNED:
        op.drop_table(table)
    for index in ("ix_tasks_order", "ix_tasks_done", "ix_tasks_project"):
        op.drop_index(index, "tasks")
    op.execute(
        f"UPDATE tasks SET description = substr(description, 1, {OLD_DESCRIPTION_MAX - 1}) || '…'"
        f" WHERE length(description) > {OLD_DESCRIPTION_MAX}"
    )
    if is_server:
        replace_checks(schema, before=1, after=0)
    restore_tasks()
    op.create_index("ix_tasks_order", "tasks", [sa.text(part) for part in ORDER])
    op.drop_column("users", "channel")
    if is_server:
        set_statistics(schema, {"ix_tasks_order": EXPRESSIONS["ix_tasks_order"]})
        op.execute(f"DROP FUNCTION {schema}.todo_is_notes(json)")
        define_is_logged(schema, LOGGED_BYTES[0])
        define_removal(schema, "todo_remove_tasks", "ids uuid[]", REMOVE_TASKS_AT_ONCE)
        for name, arguments, _ in REMOVALS:
            op.execute(f"DROP FUNCTION {schema}.{name}({list_types(arguments)})")


def alter_tasks() -> None:
    """Add the new columns; SQLite rebuilds the table, as it cannot alter a check."""
    with op.batch_alter_table("tasks", copy_from=describe_tasks(is_new=False)) as batch:
        for name, kind in NEW_COLUMNS.items():
            batch.add_column(sa.Column(name, kind))
        batch.drop_constraint(op.f("ck_tasks_description"), type_="check")
        for name, (_, condition) in BOTH_ENGINES.items():
            batch.create_check_constraint(op.f(f"ck_tasks_{name}"), condition)


def set_seqs(is_server: bool) -> None:
    """Let each task know its last change, but for rows on a server that no check admits."""
    update = """
        UPDATE tasks SET seq = (
            SELECT max(changes.seq) FROM changes
            WHERE changes.user_id = tasks.user_id AND changes.task_id = tasks.id
        )
    """
    if is_server:
        update = f"""
            DO $todo$
            DECLARE
                place tid;
            BEGIN
                {update};
            EXCEPTION WHEN OTHERS THEN
                FOR place IN SELECT ctid FROM tasks LOOP
                    BEGIN
                        {update} WHERE ctid = place;
                    EXCEPTION WHEN OTHERS THEN
                        NULL;
                    END;
                END LOOP;
            END $todo$
        """
    op.execute(update)


def move_parked_fields() -> None:
    """Give tasks the fields that imports have kept in `extra`, and the log likewise.

    Rows that plain SQL has written, and that no check admits, stay as they are.
    """
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(
            "-- What imports have kept in `extra` stays there: only `todo db upgrade` moves it."
        )
        return
    states = (LOG.c.before, LOG.c.after)
    is_logged = sa.or_(*(sa.cast(state, sa.Text).contains('"extra"') for state in states))
    for table, order, wanted, move in (
        (TASKS, TASKS.c.number, TASKS.c.extra.is_not(None), move_fields),
        (LOG, LOG.c.seq, is_logged, move_logged_fields),
    ):
        for rows in fetch_parts(table, order, wanted):
            update_rows(table, order, [(row, new) for row in rows if (new := move(row))])


def fetch_parts(
    table: sa.TableClause, order: sa.ColumnClause[Any], wanted: Any
) -> Iterator[Sequence[sa.RowMapping]]:
    key = (table.c.user_id, order)
    statement = sa.select(table).where(wanted).order_by(*key).limit(ROWS)
    rows = op.get_bind().execute(statement).mappings().all()
    while rows:
        yield rows
        last = [sa.literal(rows[-1][column.name], column.type) for column in key]
        further = statement.where(sa.tuple_(*key) > sa.tuple_(*last))
        rows = op.get_bind().execute(further).mappings().all()


def update_rows(
    table: sa.TableClause,
    order: sa.ColumnClause[Any],
    changed: Sequence[tuple[sa.RowMapping, dict[str, Any]]],
) -> None:
    """Set columns, the same ones of each row; a row that the database refuses stays as it is."""
    if not changed:
        return
    new = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in changed[0][1]}
    statement = sa.update(table).values(new)
    statement = statement.where(
        table.c.user_id == sa.bindparam("owner"), order == sa.bindparam("place")
    )
    values = [
        {"owner": row["user_id"], "place": row[order.name]}
        | {f"new_{name}": value for name, value in columns.items()}
        for row, columns in changed
    ]
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(statement, values)
    except sa.exc.StatementError:
        for each in values:
            with suppress(sa.exc.StatementError), connection.begin_nested():
                connection.execute(statement, each)


def move_fields(row: sa.RowMapping) -> dict[str, Any]:
    """Return the new columns of a row with an `extra`; nothing if it stays or is no task."""
    # What is too long is read as empty, which none of these is in a task.
    texts = (row["title"], row["description"], row["project"])
    if not isinstance(row["extra"], dict) or "" in texts:
        return {}
    try:
        moved = read_parked_fields({**row}, row["id"], row["created_at"])
        search_text = fold_columns({**row, **moved})
    except ODD:
        return {}
    if not moved and search_text == row["search_text"]:
        return {}
    columns = {name: row[name] for name in ("description", "extra")}
    columns |= {"notes": None, **dict.fromkeys(START), **moved}
    return {**columns, "search_text": search_text}


def move_logged_fields(row: sa.RowMapping) -> dict[str, Any]:
    """Return the states of a change with these fields in their places; nothing if it stays."""
    states = (row["before"], row["after"])
    try:
        moved = [read_logged_fields(state, row["task_id"]) for state in states]
    except ODD:
        return {}
    if not any(moved):
        return {}
    if row["kind"] == "update":
        before, after = change_update(*states, *moved)
        return {"before": before, "after": after}
    return dict(zip(("before", "after"), map(change_whole, states, moved), strict=True))


def read_logged_fields(state: Any, task_id: uuid.UUID) -> dict[str, Any]:
    if state is None or "extra" not in state:
        return {}
    created_at = state.get("created_at")
    moved = read_parked_fields(state, task_id, created_at and datetime.fromisoformat(created_at))
    return {name: to_json_value(value) for name, value in moved.items()}


def change_whole(state: dict[str, Any] | None, moved: dict[str, Any]) -> dict[str, Any] | None:
    """Return a whole task; nothing in it is empty."""
    if state is None:
        return None
    return {name: value for name, value in {**state, **moved}.items() if moved.get(name, True)}


def change_update(
    before: dict[str, Any], after: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an update has changed, both columns of a start, and notes as a set has it."""
    empty = dict.fromkeys(("extra", *START))
    before, after = {**empty, **before, **old}, {**empty, **after, **new}
    was, now = old.get("notes") or [], new.get("notes") or []
    before["notes"], after["notes"] = compare_notes(now, was), compare_notes(was, now)
    for names in (("extra",), ("notes",), START):
        if all(before[name] == after[name] for name in names):
            for name in names:
                del before[name], after[name]
    return before, after


def compare_notes(old: list[dict[str, str]], new: list[dict[str, str]]) -> dict[str, Any]:
    """Return what makes one set of notes of the other, as the log has it."""
    return {
        "added": [note for note in new if note not in old],
        "removed": [note["id"] for note in old if note not in new],
    }


def read_parked_fields(
    columns: Mapping[str, Any], task_id: uuid.UUID, created_at: datetime | None
) -> dict[str, Any]:
    """Return the columns of what `extra` keeps, and what is left of it; empty if that is all."""
    if not isinstance(columns["extra"], dict):
        return {}
    rest = dict(columns["extra"])
    moved = take_description(rest, columns.get("description"))
    moved |= take_notes(rest, task_id, created_at) | read_start(rest)
    if not moved or len(write_json(rest).encode()) > EXTRA_MAX_BYTES:
        return {}
    return {**moved, "extra": rest or None}


def take_description(extra: dict[str, Any], description: str | None) -> dict[str, Any]:
    """Take the whole of a description that was cut to 2,000 characters; there is room for it."""
    whole = extra.get("description")
    if not isinstance(whole, str) or description != f"{whole[: OLD_DESCRIPTION_MAX - 1]}…":
        return {}
    del extra["description"]
    return {"description": whole}


def take_notes(
    extra: dict[str, Any], task_id: uuid.UUID, created_at: datetime | None
) -> dict[str, Any]:
    """Take Taskwarrior's annotations out of `extra`, by time, as its importer now does.

    The id tells the same note wherever it comes from. One without a time is as old as the task.
    Notes that are cut, and those beyond the limit, stay in `extra` as a whole.
    """
    annotations = extra.pop("annotations", None)
    if annotations is None:
        return {}
    timed = [(parse_instant(each.get("entry")), each["description"]) for each in annotations]
    found = [(format_instant(at), text) for at, text in timed if at and is_in_time(at)]
    for at, text in timed:
        if at is None or not is_in_time(at):
            found.append((find_free_second(created_at, {taken for taken, _ in found}), text))
    made = [make_note(task_id, at, text) for at, text in found if text.strip()]
    by_id = {note["id"]: note for note in made}
    whole = sorted(by_id.values(), key=lambda note: (note["at"].rstrip("Z"), note["id"]))
    short = [{**note, "text": cut_note(note["text"])} for note in whole[:NOTES_MAX]]
    if rest := [note for note in whole if note not in short]:
        extra["notes"] = rest
    return {"notes": short or None}


def find_free_second(at: datetime | None, taken: set[str]) -> str:
    """Return the first second from a time on that no note has."""
    if at is None:
        raise ValueError("a note without a time")
    at = at.replace(microsecond=0)
    while format_instant(at) in taken:
        at += timedelta(seconds=1)
    return format_instant(at)


def make_note(task_id: uuid.UUID, at: str, text: str) -> dict[str, str]:
    return {"id": str(uuid.uuid5(task_id, f"{at} {text}")), "at": at, "text": text}


def cut_note(text: str) -> str:
    return text if len(text) <= NOTE_MAX else f"{text[: NOTE_MAX - 1]}…"


def read_start(extra: dict[str, Any]) -> dict[str, Any]:
    """Return until when a task waits: Taskwarrior's `wait`, else `scheduled`, or todo.txt's `t:`.

    They stay in `extra` as well, for exports; with the day of `wait:someday`, the last one of all.
    """
    attributes = extra.get("taskwarrior") or {}
    for value in (attributes.get("wait"), attributes.get("scheduled")):
        if (moment := parse_instant(value)) is None:
            continue
        if is_in_time(moment):
            return {"start_on": moment.date(), "start_at": moment}
        day = min(max(moment.date(), DAYS[0]), DAYS[1])
        extra["start"] = {"on": day.isoformat(), "at": value}
        return {"start_on": day, "start_at": None}
    for word in (extra.get("todotxt") or {}).get("line", "").split(" "):
        if word[:2] == "t:" and (start_on := parse_day(word[2:])):
            return {"start_on": start_on, "start_at": None}
    return {}


def parse_instant(value: Any) -> datetime | None:
    """Return the instant that a text is; None if it is none."""
    with suppress(OverflowError, TypeError, ValueError):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return None


def parse_day(text: str) -> date | None:
    """Return the day that a text like `2026-12-24` is; None if it is none."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day if day.isoformat() == text and DAYS[0] <= day <= DAYS[1] else None
    return None


def is_in_time(moment: datetime) -> bool:
    return IN_TIME[0] <= moment <= IN_TIME[1]


def park_fields() -> None:
    """Keep notes and long descriptions in `extra` as before, where there is room.

    Search finds notes no more. The log stays as it is: it is read again after the next upgrade.
    """
    is_long = sa.func.length(TASKS.c.description) > OLD_DESCRIPTION_MAX
    wanted = sa.or_(TASKS.c.notes.is_not(None), TASKS.c.extra.is_not(None), is_long)
    for rows in fetch_parts(TASKS, TASKS.c.number, wanted):
        parked = [(row, new) for row in rows if (new := move_back(row))]
        update_rows(TASKS, TASKS.c.number, parked)


def move_back(row: sa.RowMapping) -> dict[str, Any]:
    """Return the columns that 0002 has of a row; nothing if it is no task."""
    try:
        extra = dict(row["extra"] or {})
        notes = {note["id"]: note for note in [*(row["notes"] or ()), *extra.pop("notes", ())]}
        annotations = [
            {"entry": re.sub("[-:]", "", note["at"]), "description": note["text"]}
            for note in notes.values()
        ]
        is_long = len(row["description"] or "") > OLD_DESCRIPTION_MAX
        search_text = "\n".join(row["search_text"].split("\n")[:4])
    except ODD:
        return {}
    if annotations:
        extra["annotations"] = annotations
    if len(write_json(extra).encode()) > EXTRA_MAX_BYTES:
        extra = row["extra"] or {}
    whole = {**extra, "description": row["description"]}
    if is_long and len(write_json(whole).encode()) <= EXTRA_MAX_BYTES:
        extra = whole
    return {"extra": extra or None, "search_text": search_text}


def restore_tasks() -> None:
    with op.batch_alter_table("tasks", copy_from=describe_tasks(is_new=True)) as batch:
        for name, (condition, _) in BOTH_ENGINES.items():
            batch.drop_constraint(op.f(f"ck_tasks_{name}"), type_="check")
            if condition:
                batch.create_check_constraint(op.f(f"ck_tasks_{name}"), condition)
        for name in NEW_COLUMNS:
            batch.drop_column(name)


def describe_tasks(*, is_new: bool) -> sa.Table:
    """Return the table as SQLite has it, which knows no checks by itself."""
    new = [sa.Column(name, kind) for name, kind in NEW_COLUMNS.items()] if is_new else []
    changed = {name: conditions[is_new] for name, conditions in BOTH_ENGINES.items()}
    return sa.Table(
        "tasks",
        sa.MetaData(),
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
        *new,
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_tasks"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tasks_user_id"),
        sa.UniqueConstraint("user_id", "number", name="uq_tasks_user_id_number"),
        sa.CheckConstraint("number > 0", name="ck_tasks_number"),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name="ck_tasks_title"),
        sa.CheckConstraint("priority BETWEEN 0 AND 3", name="ck_tasks_priority"),
        sa.CheckConstraint("completed = (completed_at IS NOT NULL)", name="ck_tasks_completed"),
        sa.CheckConstraint("due_at IS NULL OR due_on IS NOT NULL", name="ck_tasks_due"),
        *(
            sa.CheckConstraint(condition, name=f"ck_tasks_{name}")
            for name, condition in changed.items()
            if condition
        ),
    )


def create_indexes(is_server: bool, schema: str) -> None:
    order, done, project = ", ".join(ORDER), ", ".join(DONE), "user_id, project, completed"
    if not is_server:
        op.execute(f"CREATE INDEX ix_tasks_done ON tasks (user_id, {done}) WHERE completed = 1")
        # Whatever is in an index is looked at before the row is.
        op.execute(f"CREATE INDEX ix_tasks_order ON tasks ({order}, {', '.join(FILTERED)}, tags)")
        # A whole index would be taken for lists of all tasks, three times as slow as by number.
        op.execute(f"CREATE INDEX ix_tasks_project ON tasks ({project}) WHERE project IS NOT NULL")
        return
    # The size of an index of done tasks only would tell members how many all of them have.
    op.execute(f"CREATE INDEX ix_tasks_done ON {schema}.tasks (user_id, completed, {done})")
    # A row from before there were checks may have a project that no index takes.
    for index, columns, instead in (
        ("ix_tasks_order", f"({order}) INCLUDE ({', '.join(FILTERED)})", f"({order})"),
        ("ix_tasks_project", f"({project})", "(user_id)"),
    ):
        create = f"CREATE INDEX {index} ON {schema}.tasks"
        op.execute(
            f"""
            DO $todo$ BEGIN
                {create} {columns};
            EXCEPTION WHEN program_limit_exceeded THEN
                {create} {instead};
            END $todo$
            """
        )


def create_dependencies() -> None:
    """Which task needs which other one; one that is gone is no error."""
    op.create_table(
        "dependencies",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("needs_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "task_id", "needs_id", name="pk_dependencies"),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_dependencies_user_id_task_id",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.CheckConstraint("task_id <> needs_id", name=op.f("ck_dependencies_other")),
    )
    op.create_index("ix_dependencies_needs", "dependencies", ["user_id", "needs_id", "task_id"])


def create_views() -> None:
    """Filters by name."""
    op.create_table(
        "views",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("name", ORDERED_TEXT, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("sort", sa.Text),
        sa.PrimaryKeyConstraint("user_id", "name", name="pk_views"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_views_user_id"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_views_name")),
        sa.CheckConstraint("length(filter) <= 10000", name=op.f("ck_views_filter")),
        sa.CheckConstraint("length(sort) <= 1000", name=op.f("ck_views_sort")),
    )


def replace_checks(schema: str, *, before: int, after: int) -> None:
    """Let every new row be as this version writes it; rows that are not stay (see 0002)."""
    alter = f"ALTER TABLE {schema}.tasks "
    for name, conditions in POSTGRES.items():
        if conditions[before]:
            op.execute(f"{alter}DROP CONSTRAINT ck_tasks_{name}")
    added = [
        f"ADD CONSTRAINT ck_tasks_{name} CHECK ({conditions[after]})"
        for name, conditions in POSTGRES.items()
        if conditions[after]
    ]
    op.execute(
        f"""
        DO $todo$ BEGIN
            {alter}{", ".join(added)};
        EXCEPTION WHEN OTHERS THEN
            {alter}{", ".join(f"{check} NOT VALID" for check in added)};
        END $todo$
        """
    )


def define_is_logged(schema: str, size: int) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION {schema}.todo_is_logged(state json) RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS $$ SELECT {schema}.todo_is_object(state, {size}, 51) $$
        """
    )


def forgo_statistics(schema: str) -> None:
    """Keep the new columns out of the planner's statistics, as 0002 does the others."""
    columns = {
        "users": ("channel",),
        "tasks": tuple(NEW_COLUMNS),
        "dependencies": ("user_id", "task_id", "needs_id"),
        "views": ("user_id", "name", "filter", "sort"),
    }
    for table, names in columns.items():
        actions = ", ".join(f"ALTER COLUMN {name} SET STATISTICS 0" for name in names)
        op.execute(f"ALTER TABLE {schema}.{table} {actions}")
    set_statistics(schema, EXPRESSIONS)


def set_statistics(schema: str, places: dict[str, tuple[int, ...]]) -> None:
    for index, positions in places.items():
        for position in positions:
            op.execute(f"ALTER INDEX {schema}.{index} ALTER COLUMN {position} SET STATISTICS 0")


def restrict_rows(schema: str) -> None:
    """Show everybody their own rows only, by the conditions of 0002."""
    own = (
        f"({schema}.todo_current_user_map())[user_id] IS NOT NULL"
        f" AND user_id = {schema}.todo_current_user()"
    )
    for table in OWNED:
        op.execute(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_all ON {schema}.{table} USING ({own})")


def define_removal(schema: str, name: str, arguments: str, body: str) -> None:
    """Let members remove rows of their own without DELETE, which brings the right to LOCK TABLE.

    Whoever owns the table may remove anybody's, as by DELETE. One row after the other, each by its
    key: whatever statistics say, no plan reads the table.
    """
    taken = ", ".join(filter(None, ("owner_id text", arguments)))
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION {schema}.{name}({taken}) RETURNS void
        LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
        AS $$
        DECLARE
            place integer;
        BEGIN
            IF owner_id IS DISTINCT FROM {schema}.todo_current_user() AND NOT pg_has_role(
                session_user,
                (SELECT relowner FROM pg_class WHERE oid = CAST('{schema}.tasks' AS regclass)),
                'USAGE'
            ) THEN
                RETURN;
            END IF;
            {body.replace("{schema}", schema)}
        END
        $$
        """
    )
    types = list_types(arguments)
    op.execute(f"REVOKE ALL ON FUNCTION {schema}.{name}({types}) FROM PUBLIC")


def grant_members(schema: str) -> None:
    """Give the members of a database that is shared already what `todo member add` now gives."""
    functions = ", ".join(
        f"{schema}.{name}({list_types(arguments)})" for name, arguments, _ in REMOVALS
    )
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
                EXECUTE format(
                    'GRANT UPDATE ({", ".join(NEW_COLUMNS)}) ON {schema}.tasks TO %I', members
                );
                EXECUTE format(
                    'GRANT SELECT, INSERT ON {schema}.dependencies, {schema}.views TO %I', members
                );
                EXECUTE format('GRANT UPDATE (filter, sort) ON {schema}.views TO %I', members);
                EXECUTE format('GRANT EXECUTE ON FUNCTION {functions} TO %I', members);
            END IF;
        END $todo$
        """
    )


def list_types(arguments: str) -> str:
    """Return the types of a function's arguments, the owner's id before them."""
    named = ["owner_id text", *filter(None, arguments.split(", "))]
    return ", ".join(argument.split()[1] for argument in named)
