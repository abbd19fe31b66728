"""What a member may ask of others' rows by plain SQL: every condition, by every way to a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from tests.sharing.worlds import Column, Side

CANARY = "(SELECT count(*) < 0 FROM todo_version)"
"""A sub-select that runs only if somebody needs its value; whether it did is observable."""
FAILURE = "(SELECT 1 / (count(*) - count(*)) > 0 FROM todo_version)"
"""The same with an error instead."""
VALUE = "%VALUE%"
EQUALITIES = ("=", "<>")


@dataclass(frozen=True)
class Condition:
    """A condition on one column; VALUE stands for what it is compared with."""

    column: Column
    text: str
    side: Side = "low"

    def literal(self) -> str:
        return self.text.replace(VALUE, f"{self.column.literal(self.side)}::{self.column.type}")

    def parameter(self) -> str:
        return self.text.replace(VALUE, "$1")


@dataclass(frozen=True)
class Question:
    """Statements that are run one after the other, and whose answers are put together."""

    statements: tuple[str, ...]
    about: str


async def comparisons(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """Return the leakproof operators of each type that compare it with itself."""
    found = await connection.fetch("""
        SELECT DISTINCT format_type(oprleft, NULL), oprname
        FROM pg_operator JOIN pg_proc p ON p.oid = oprcode
        WHERE proleakproof AND oprleft = oprright AND oprresult = 'boolean'::regtype
        ORDER BY 1, 2
    """)
    operators: dict[str, list[str]] = {}
    for name, operator in found:
        operators.setdefault(name, []).append(operator)
    return operators


async def casts(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """Return the types to which each can be cast by what is leakproof."""
    found = await connection.fetch("""
        SELECT format_type(castsource, NULL), format_type(casttarget, NULL)
        FROM pg_cast LEFT JOIN pg_proc p ON p.oid = castfunc
        WHERE casttarget <> castsource AND (castmethod = 'b' OR proleakproof)
        ORDER BY 1, 2
    """)
    targets: dict[str, list[str]] = {}
    for source, target in found:
        targets.setdefault(source, []).append(target)
    return targets


def conditions(
    column: Column, operators: Mapping[str, Sequence[str]], targets: Mapping[str, Sequence[str]]
) -> Iterator[Condition]:
    """Yield what can be asked of a column that Postgres may evaluate before a policy."""
    name = column.name
    without_value = [f"{name} IS NULL", f"{name} IS NOT NULL"]
    if column.type == "boolean":
        without_value += [name, f"NOT {name}", f"{name} IS TRUE", f"{name} IS NOT FALSE"]
    for text in without_value:
        yield Condition(column, text)
    for operator in operators.get(column.type, ()):
        # Both rows of one world compare alike with it, and those of the other do not.
        side: Side = "low" if operator in EQUALITIES else "pivot"
        for text in (
            f"{name} {operator} {VALUE}",
            f"{name} {operator} ANY (ARRAY[{VALUE}])",
            f"{name} {operator} ALL (ARRAY[{VALUE}])",
            f"({name}, {name}) {operator} ({VALUE}, {VALUE})",
        ):
            yield Condition(column, text, side)
    if operators.get(column.type):
        for text in (
            f"{name} IN ({VALUE}, {VALUE})",
            f"{name} BETWEEN {VALUE} AND {VALUE}",
            f"{name} IS DISTINCT FROM {VALUE}",
            f"{name} IS NOT DISTINCT FROM {VALUE}",
            f"NULLIF({name}, {VALUE}) IS NULL",
        ):
            yield Condition(column, text)
    for target in targets.get(column.type, ()):
        for operator in operators.get(target, ()):
            side = "low" if operator in EQUALITIES else "pivot"
            yield Condition(column, f"{name}::{target} {operator} {VALUE}::{target}", side)


def whole_rows(table: str) -> list[str]:
    """Return what can be asked of all columns at once; it reads them from wherever they lie."""
    return [f"{table} IS NULL", f"{table} IS NOT NULL", f"({table}).* IS NOT NULL"]


EMBEDDINGS = {
    "bare": "{}",
    "or": f"(({{}}) OR {CANARY})",
    "and": f"(({{}}) AND {CANARY})",
    "case": f"CASE WHEN {{}} THEN {CANARY} ELSE true END",
    "coalesce": f"COALESCE(({{}}) OR NULL, {CANARY})",
    "error": f"(({{}}) OR {FAILURE})",
}
"""What runs a sub-select depending on a condition."""

KINDS = ("seqscan", "indexscan", "indexonlyscan", "bitmapscan", "tidscan")


def only(*kinds: str, **more: str) -> dict[str, str]:
    """Return the settings that leave the planner these kinds of scans."""
    settings = {f"enable_{kind}": "on" if kind in kinds else "off" for kind in KINDS}
    # What costs as much as a disabled scan would be compiled first.
    return {"jit": "off", **settings, **more}


@dataclass(frozen=True)
class Access:
    """A way to get at rows: settings, and how a question is put."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    select: str = "SELECT * FROM {table} WHERE {condition}"
    is_prepared: bool = False
    tables: tuple[str, ...] | None = None

    def question(self, condition: str, table: str, about: str, value: str, type_: str, places: tuple[str, str]) -> Question:
        first, second = places
        statement = self.select.format(
            table=table, condition=condition, first=first, second=second
        )
        about = f"{about} by {self.name}"
        if not self.is_prepared:
            return Question(explained(statement), about)
        declared, arguments = ("", "") if "$1" not in condition else (f"({type_})", f"({value})")
        return Question(
            (
                f"PREPARE question{declared} AS {statement}",
                *explained(f"EXECUTE question{arguments}"),
                "DEALLOCATE question",
            ),
            about,
        )


def explained(statement: str) -> tuple[str, ...]:
    """Return a statement and all that EXPLAIN tells of it but times."""
    return (
        f"EXPLAIN (VERBOSE) {statement}",
        f"EXPLAIN (ANALYZE, BUFFERS, VERBOSE, WAL, TIMING OFF, SUMMARY OFF) {statement}",
        statement,
    )


PARALLEL = {
    "min_parallel_table_scan_size": "0",
    "min_parallel_index_scan_size": "0",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
}
ROW = "ctid = '(0,{number})' AND {{condition}}"
SELECT = "SELECT * FROM {table} WHERE {condition}"

ACCESSES = (
    Access("seq", only("seqscan")),
    Access("index", only("indexscan")),
    Access("bitmap", only("bitmapscan")),
    Access("index only", only("indexonlyscan"), "SELECT 1 FROM {table} WHERE {condition}"),
    Access("tid 1", only("tidscan"), SELECT.replace("WHERE", "WHERE ctid = '{first}' AND")),
    Access("tid 2", only("tidscan"), SELECT.replace("WHERE", "WHERE ctid = '{second}' AND")),
    Access("free seq", only("seqscan", cpu_operator_cost="0")),
    Access("dear seq", only("seqscan", cpu_operator_cost="1e308")),
    Access("parallel", {**PARALLEL, **only("seqscan")}),
    Access("generic", only("seqscan", plan_cache_mode="force_generic_plan"), is_prepared=True),
    Access("custom", only("indexscan", plan_cache_mode="force_custom_plan"), is_prepared=True),
    Access("sample", {}, "SELECT * FROM {table} TABLESAMPLE SYSTEM (100) WHERE {condition}"),
    Access("cursor", only("seqscan"), "DECLARE c CURSOR FOR SELECT * FROM {table} WHERE {condition}"),
    Access("lock", only("seqscan"), "SELECT * FROM {table} WHERE {condition} FOR UPDATE"),
    Access("tid lock", only("tidscan"), "SELECT * FROM {table} WHERE ctid = '{first}' AND {condition} FOR UPDATE"),
)
