"""What a member may ask of others' rows by plain SQL: every condition, by every way to a row.

The conditions are those that Postgres may evaluate before a policy, taken from its catalogs, so
that they grow with the tables and with the server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from tests.sharing.worlds import MEMBER_ID, OTHER_IDS, Column, Side, owner_column, protected_columns

CANARY = "(SELECT count(*) < 0 FROM todo_version)"
"""A sub-select that runs only if its value is needed; whether it ran is observable."""
FAILURE = "(SELECT 1 / (count(*) - count(*)) > 0 FROM todo_version)"
"""The same with an error instead."""
VALUE = "%VALUE%"
EQUALITIES = ("=", "<>")
USUAL = ("=", "<>", "<", "<=", ">", ">=")

EMBEDDINGS = {
    "bare": "{}",
    "or": f"(({{}}) OR {CANARY})",
    "and": f"(({{}}) AND {CANARY})",
    "case": f"CASE WHEN {{}} THEN {CANARY} ELSE true END",
    "coalesce": f"COALESCE(({{}}) OR NULL, {CANARY})",
    "error": f"(({{}}) OR {FAILURE})",
}
"""What runs a sub-select depending on a condition."""


@dataclass(frozen=True)
class Condition:
    """A condition on a column, or on whole rows; VALUE stands for what the column is compared with.

    Attributes:
        table: whose rows it is about.
        text: in SQL.
        column: which it compares, if any.
        side: whose value it is compared with.
    """

    table: str
    text: str
    column: Column | None = None
    side: Side = "low"

    def value(self) -> str:
        assert self.column is not None
        return f"{self.column.literal(self.side)}::{self.column.type}"


@dataclass(frozen=True)
class Question:
    """Statements that are run one after the other, and whose answers are put together."""

    statements: tuple[str, ...]
    about: str


@dataclass(frozen=True)
class Catalog:
    """What the server says of tables, types and rights.

    Attributes:
        columns: of all tables under row level security.
        operators: by type, the leakproof ones that compare two values of it.
        casts: by type, the types to which a leakproof function casts it, or none at all.
        writable: by table, a column that members may update.
        primary_keys: by table, the columns of its key, comma and all.
        expressions: those in indexes, each with its table and type.
        functions: those that members may call, with the types of their arguments.
    """

    columns: Sequence[Column]
    operators: Mapping[str, Sequence[str]]
    casts: Mapping[str, Sequence[str]]
    writable: Mapping[str, str]
    primary_keys: Mapping[str, str]
    expressions: Sequence[tuple[str, str, str]]
    functions: Mapping[str, Sequence[str]]

    @property
    def tables(self) -> list[str]:
        return list(dict.fromkeys(column.table for column in self.columns))


async def read_catalog(connection: asyncpg.Connection) -> Catalog:
    """Return what a member's connection shows."""
    operators = await connection.fetch("""
        SELECT DISTINCT format_type(oprleft, NULL), oprname
        FROM pg_operator JOIN pg_proc p ON p.oid = oprcode
        WHERE proleakproof AND oprleft = oprright AND oprresult = 'boolean'::regtype
        ORDER BY 1, 2
    """)
    casts = await connection.fetch("""
        SELECT format_type(castsource, NULL), format_type(casttarget, NULL)
        FROM pg_cast LEFT JOIN pg_proc p ON p.oid = castfunc
        WHERE casttarget <> castsource AND (castmethod = 'b' OR proleakproof)
        ORDER BY 1, 2
    """)
    writable = await connection.fetch("""
        SELECT DISTINCT ON (relname) relname, attname
        FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
        WHERE relrowsecurity AND attnum > 0 AND NOT attisdropped
        AND has_column_privilege(c.oid, attnum, 'UPDATE')
        ORDER BY relname, attnum DESC
    """)
    primary_keys = await connection.fetch("""
        SELECT relname, string_agg(attname, ', ')
        FROM pg_class c JOIN pg_index ON indrelid = c.oid
        JOIN pg_attribute ON attrelid = c.oid AND attnum = ANY (indkey)
        WHERE relrowsecurity AND indisprimary
        GROUP BY relname
    """)
    expressions = await connection.fetch("""
        SELECT relname, pg_get_indexdef(indexrelid, attnum, true), format_type(atttypid, atttypmod)
        FROM pg_class c JOIN pg_index ON indrelid = c.oid
        JOIN pg_attribute ON attrelid = indexrelid
        WHERE relrowsecurity AND indkey[attnum - 1] = 0
    """)
    functions = await connection.fetch("""
        SELECT proname, ARRAY(SELECT format_type(type, NULL) FROM unnest(proargtypes) type)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND has_function_privilege(oid, 'EXECUTE')
    """)
    return Catalog(
        await protected_columns(connection),
        _grouped(operators),
        _grouped(casts),
        dict(map(tuple, writable)),
        dict(map(tuple, primary_keys)),
        [(row[0], row[1], row[2]) for row in expressions],
        dict(map(tuple, functions)),
    )


def _grouped(pairs: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def every_condition(catalog: Catalog, *, is_thorough: bool) -> Iterator[Condition]:
    """Yield what can be asked that Postgres may evaluate before a policy.

    All of it if `is_thorough`; else without the operators and forms that are as good as others.
    """
    for table in catalog.tables:
        for text in (f"{table} IS NULL", f"{table} IS NOT NULL", f"({table}).* IS NOT NULL"):
            yield Condition(table, text)
    for column in catalog.columns:
        yield from column_conditions(column, catalog, is_thorough=is_thorough)


def column_conditions(
    column: Column, catalog: Catalog, *, is_thorough: bool
) -> Iterator[Condition]:
    """Yield those on one column."""
    yield from _without_value(column)
    yield from _with_value(column, catalog, is_thorough)


def _without_value(column: Column) -> Iterator[Condition]:
    name = column.name
    texts = [f"{name} IS NULL", f"{name} IS NOT NULL"]
    if column.type == "boolean":
        texts += [name, f"NOT {name}", f"{name} IS TRUE", f"{name} IS NOT FALSE"]
    for text in texts:
        yield Condition(column.table, text, column)


def _with_value(column: Column, catalog: Catalog, is_thorough: bool) -> Iterator[Condition]:
    name, operators = column.name, catalog.operators.get(column.type, ())
    for operator in operators if is_thorough else [each for each in operators if each in USUAL]:
        texts = [f"{name} {operator} {VALUE}", f"{name} {operator} ANY (ARRAY[{VALUE}])"]
        if is_thorough:
            texts += [
                f"{name} {operator} ALL (ARRAY[{VALUE}])",
                f"({name}, {name}) {operator} ({VALUE}, {VALUE})",
            ]
        for text in texts:
            yield Condition(column.table, text, column, _side(operator))
    if operators:
        for text in (
            f"{name} IN ({VALUE}, {VALUE})",
            f"{name} BETWEEN {VALUE} AND {VALUE}",
            f"{name} IS DISTINCT FROM {VALUE}",
            f"{name} IS NOT DISTINCT FROM {VALUE}",
            f"NULLIF({name}, {VALUE}) IS NULL",
        ):
            yield Condition(column.table, text, column)
    if operators and is_thorough:
        owner, own = owner_column(column.table), f"'{MEMBER_ID}'"
        other = f"'{OTHER_IDS['low'][0]}'"
        for text in (
            f"({name} = {VALUE} OR {owner} = {own})",
            f"({name} = {VALUE} OR {owner} = {other})",
            f"{owner} IN ({own}, {other}) AND {name} = {VALUE}",
            f"({owner}, {name}) >= ({other}, {VALUE})",
        ):
            yield Condition(column.table, text, column)
    for target in catalog.casts.get(column.type, ()) if is_thorough else ():
        for operator in catalog.operators.get(target, ()):
            text = f"{name}::{target} {operator} {VALUE}::{target}"
            yield Condition(column.table, text, column, _side(operator))


def _side(operator: str) -> Side:
    """Return whose value an operator tells the two worlds apart with."""
    return "low" if operator in EQUALITIES else "pivot"


def only(*kinds: str, **more: str) -> dict[str, str]:
    """Return the settings that leave the planner these kinds of scans."""
    every = ("seqscan", "indexscan", "indexonlyscan", "bitmapscan", "tidscan")
    settings = {f"enable_{kind}": "on" if kind in kinds else "off" for kind in every}
    # What costs as much as a disabled scan would be compiled first.
    return {"jit": "off", **settings, **more}


SELECT = "SELECT * FROM {table} WHERE {condition}"
UPDATE = "UPDATE {table} SET {writable} = {writable}"
AT_FIRST = "SELECT * FROM {table} WHERE ctid = '{first}' AND {condition}"
AT_SECOND = "SELECT * FROM {table} WHERE ctid = '{second}' AND {condition}"


@dataclass(frozen=True)
class Access:
    """A way to get at rows, or to go about them.

    Attributes:
        name: for a failing test.
        settings: of the planner.
        statement: with places for the table, the condition, a column that may be updated, and
            where the two rows of others lie.
        value: what stands for the value, if that is not in the condition itself.
        embeddings: in which the condition is put.
        step: from one condition to the next, where asking takes long.
        options: of EXPLAIN; none that tells times.
        isolation: of the transaction.
        node: of the plans, by which one sees that it was this way.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=lambda: {"jit": "off"})
    statement: str = SELECT
    value: str | None = None
    embeddings: Collection[str] = tuple(EMBEDDINGS)
    step: int = 1
    options: str = "BUFFERS, VERBOSE, WAL"
    isolation: str = "read_committed"
    node: str = "Scan"

    def questions(
        self,
        conditions: Sequence[Condition],
        catalog: Catalog,
        places: Mapping[str, tuple[str, str]],
        embeddings: Collection[str],
    ) -> Iterator[Question]:
        """Yield what is asked in this way, in so many embeddings at the most."""
        for condition in conditions[:: self.step]:
            if "{writable}" in self.statement and condition.table not in catalog.writable:
                continue
            if self.value is not None and VALUE not in condition.text:
                continue
            for name in self.embeddings:
                if name in embeddings:
                    about = f"{self.name}: {condition.table}: {condition.text} ({name})"
                    text = EMBEDDINGS[name].format(condition.text)
                    yield Question(self._statements(condition, text, catalog, places), about)

    def _statements(
        self,
        condition: Condition,
        text: str,
        catalog: Catalog,
        places: Mapping[str, tuple[str, str]],
    ) -> tuple[str, ...]:
        value = condition.value() if VALUE in text else ""
        first, second = places[condition.table]
        statement = self.statement.format(
            table=condition.table,
            condition=text.replace(VALUE, value if self.value is None else self.value),
            column=condition.column.name if condition.column else "ctid",
            writable=catalog.writable.get(condition.table),
            value=value,
            first=first,
            second=second,
        )
        if self.value == "$1":
            assert condition.column is not None
            return (
                f"PREPARE question ({condition.column.type}) AS {statement}",
                *explained(f"EXECUTE question ({value})", self.options),
                "DEALLOCATE question",
            )
        if statement.startswith("DECLARE"):
            return (*explained(statement, self.options), "FETCH ALL FROM c", "CLOSE c")
        return explained(statement, self.options)


def explained(statement: str, options: str = "BUFFERS, VERBOSE, WAL") -> tuple[str, ...]:
    """Return a statement, and all that EXPLAIN tells of it but times."""
    return (
        f"EXPLAIN (VERBOSE) {statement}",
        f"EXPLAIN (ANALYZE, {options}, TIMING OFF, SUMMARY OFF) {statement}",
        statement,
    )


PARALLEL = {
    "min_parallel_table_scan_size": "0",
    "min_parallel_index_scan_size": "0",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    # Which process reads a row is chance, and the counters are those of the leader only.
    "max_parallel_workers_per_gather": "2",
    "parallel_leader_participation": "off",
}
ACCESSES = (
    Access("seq", only("seqscan"), node="Seq Scan on"),
    Access("index", only("indexscan"), node="Index Scan using"),
    Access("bitmap", only("bitmapscan"), node="Bitmap Heap Scan"),
    Access(
        "index only",
        only("indexscan", "indexonlyscan"),
        "SELECT 1 FROM {table} WHERE {condition}",
        node="Index Only Scan",
    ),
    Access("tid", only("tidscan"), AT_FIRST, node="Tid Scan"),
    Access("other tid", only("tidscan"), AT_SECOND, node="Tid Scan"),
    Access(
        "tid range",
        only("tidscan"),
        "SELECT * FROM {table} WHERE ctid >= '{first}' AND ctid <= '{second}' AND {condition}",
        node="Tid Range Scan",
    ),
    # Postgres 15 and 16 do not know the option, and say so.
    Access("serialized", only("tidscan"), AT_FIRST, options="SERIALIZE, BUFFERS, FORMAT JSON"),
    Access("free operators", only("tidscan", cpu_operator_cost="0"), AT_FIRST),
    Access("dear operators", only("tidscan", cpu_operator_cost="1e308"), AT_FIRST),
    Access("dearest operators", only("seqscan", cpu_operator_cost="1.7976931348623157e308")),
    # Starting a worker takes longer than all else.
    Access(
        "parallel",
        {**PARALLEL, **only("seqscan")},
        embeddings=("or",),
        step=3,
        options="BUFFERS, WAL",
        node="Gather",
    ),
    Access(
        "prepared, generic",
        only("tidscan", plan_cache_mode="force_generic_plan"),
        AT_FIRST,
        value="$1",
    ),
    Access(
        "prepared, custom",
        only("indexscan", plan_cache_mode="force_custom_plan"),
        value="$1",
    ),
    Access(
        "sample",
        statement="SELECT * FROM {table} TABLESAMPLE SYSTEM (100) WHERE {condition}",
        node="Sample Scan",
    ),
    Access("cursor", only("tidscan"), f"DECLARE c SCROLL CURSOR FOR {AT_FIRST}"),
    Access("lock", only("seqscan"), f"{SELECT} FOR UPDATE", node="LockRows"),
    Access("lock at", only("tidscan"), f"{AT_FIRST} FOR UPDATE", node="LockRows"),
    Access("serializable", only("tidscan"), AT_FIRST, isolation="serializable"),
    Access("least and greatest", statement="SELECT min({column}) FROM {table} WHERE {condition}"),
    Access("order", statement=f"{SELECT} ORDER BY {{column}} LIMIT 1"),
    Access("exists", statement=f"SELECT EXISTS ({AT_FIRST})"),
    Access(
        "join",
        only("indexscan", enable_hashjoin="off", enable_mergejoin="off"),
        "SELECT * FROM (VALUES ({value})) v (x) LEFT JOIN {table} ON {condition}",
        value="v.x",
    ),
    Access(
        "join at",
        only("tidscan", enable_hashjoin="off", enable_mergejoin="off"),
        "SELECT * FROM (VALUES ({value}, '{first}'::tid)) v (x, y) JOIN {table} t"
        " ON t.ctid = v.y AND {condition}",
        value="v.x",
    ),
    Access(
        "lateral",
        only("tidscan"),
        f"SELECT * FROM (VALUES ({{value}})) v (x), LATERAL ({AT_FIRST} OFFSET 0) t",
        value="v.x",
    ),
    Access("update", only("seqscan"), f"{UPDATE} WHERE {{condition}}", node="Update on"),
    Access(
        "update at",
        only("tidscan"),
        f"{UPDATE} WHERE ctid = '{{first}}' AND {{condition}}",
        node="Update on",
    ),
    # Refused, and so without a plan.
    Access(
        "delete",
        only("tidscan"),
        "DELETE FROM {table} WHERE ctid = '{first}' AND {condition}",
        node="42501",
    ),
    Access(
        "merge",
        only("tidscan"),
        "MERGE INTO {table} USING (VALUES (1)) v ON ctid = '{first}' AND {condition}"
        " WHEN MATCHED THEN UPDATE SET {writable} = {writable}",
        node="Merge on",
    ),
)


def writes(catalog: Catalog) -> Iterator[Question]:
    """Yield attempts to write what somebody else has, or to write it for somebody else."""
    for table in catalog.tables:
        columns = [column for column in catalog.columns if column.table == table]
        names = ", ".join(column.name for column in columns)
        owner = owner_column(table)
        for taken in columns:
            # All of somebody else's row, that row as the member's own, and the member's with one
            # value of somebody else's.
            for others in (columns, [c for c in columns if not c.is_owner], [taken]):
                values = ", ".join(
                    column.literal("low") if column in others else column.own_literal()
                    for column in columns
                )
                inserted = f"INSERT INTO {table} ({names}) VALUES ({values})"
                instead = f"DO UPDATE SET {taken.name} = excluded.{taken.name}"
                for ending in (
                    "",
                    " ON CONFLICT DO NOTHING",
                    f" ON CONFLICT ({catalog.primary_keys[table]}) {instead}",
                    " RETURNING *",
                ):
                    yield Question(explained(inserted + ending), inserted[:60] + ending)
            updated = f"UPDATE {table} SET {taken.name} = {taken.literal('low')}"
            yield Question(explained(f"{updated} RETURNING *"), updated)
            yield Question(explained(f"{updated} WHERE {owner} = '{MEMBER_ID}'"), updated)


def calls(catalog: Catalog) -> Iterator[Question]:
    """Yield calls of the database's functions with ids of somebody else."""
    columns = {(column.table, column.name): column for column in catalog.columns}
    user, task = columns["users", "id"].literal("low"), columns["tasks", "id"].literal("low")
    arguments = {
        "text": user,
        "uuid": task,
        "uuid[]": f"ARRAY[{task}]::uuid[]",
        "text[]": f"ARRAY[{columns['views', 'name'].literal('low')}]",
        "json": columns["tasks", "extra"].literal("low"),
        "integer": "1",
    }
    for name, types in catalog.functions.items():
        called = f"SELECT {name}({', '.join(arguments[each] for each in types)})"
        yield Question(explained(called), called)


def estimates(catalog: Catalog) -> Iterator[Question]:
    """Yield what EXPLAIN thinks of conditions, by whatever way it would go."""
    for table, expression, type_ in catalog.expressions:
        for column in catalog.columns:
            if column.table == table and column.name in expression and column.type == type_:
                for side in ("low", "pivot"):
                    for operator in USUAL:
                        text = f"{expression} {operator} {column.literal(side)}"
                        statement = f"EXPLAIN SELECT FROM {table} WHERE {text}"
                        yield Question((statement,), f"estimate of {text}")
        statement = f"EXPLAIN SELECT FROM {table} GROUP BY {expression}"
        yield Question((statement,), f"estimate of {statement}")
    for condition in every_condition(catalog, is_thorough=False):
        value = condition.value() if VALUE in condition.text else ""
        text = condition.text.replace(VALUE, value)
        statement = f"EXPLAIN SELECT * FROM {condition.table} WHERE {text}"
        yield Question((statement,), f"estimate of {condition.table}: {condition.text}")
    for column in catalog.columns:
        for statement in (
            f"SELECT DISTINCT {column.name}::text FROM {column.table}",
            f"SELECT count(*) FROM {column.table} GROUP BY {column.name}::text",
            f"SELECT FROM {column.table} a JOIN {column.table} b USING ({column.name})",
        ):
            yield Question((f"EXPLAIN {statement}",), f"estimate of {statement}")
