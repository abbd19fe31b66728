"""Put thousands of questions to a database in a few messages, and compare what two of them say."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.sharing.people import login
from tests.sharing.questions import Question
from tests.sharing.worlds import Worlds

BATCH = 500
ATTEMPTS = 3
"""A difference that does not come back was another cause's, such as a cache that was cold."""

TRIGGER = re.compile(r"(RI_ConstraintTrigger_[ac]_)\d+")
"""Named after a number that the server counts up from database to database."""

INTERVIEW = """
DO $interview$
DECLARE
    question json;
    statement text;
    answer text;
    answers text[] := '{}';
    line record;
    changed bigint;
    state text; message text; detail text; hint text;
    earlier bigint[];
    later bigint[];
    relations oid[] := (
        WITH ours AS (
            SELECT oid, relname, reltoastrelid FROM pg_class
            WHERE relnamespace = 'public'::regnamespace
        )
        SELECT array_agg(number ORDER BY kind, name) FROM (
            SELECT 1, relname, oid FROM ours
            UNION ALL
            SELECT 2, relname, reltoastrelid FROM ours WHERE reltoastrelid <> 0
        ) every (kind, name, number)
    );
BEGIN
    FOR question IN SELECT json_array_elements(current_setting('interview.questions')::json) LOOP
        answer := '';
        BEGIN
            SELECT array_agg(value) INTO earlier FROM (COUNTERS) counters (value);
            FOR statement IN SELECT json_array_elements_text(question) LOOP
                BEGIN
                    IF statement ~ '^(PREPARE|DEALLOCATE|DECLARE|CLOSE|SET)' THEN
                        EXECUTE statement;
                    ELSIF statement ~ '^(MERGE|INSERT|UPDATE|DELETE)' THEN
                        EXECUTE statement;
                        GET DIAGNOSTICS changed = ROW_COUNT;
                        answer := answer || changed || E' rows\n';
                    ELSE
                        FOR line IN EXECUTE statement LOOP
                            answer := answer || line::text || E'\n';
                        END LOOP;
                    END IF;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
                    answer := answer || concat_ws(' / ', state, message, detail, hint) || E'\n';
                END;
            END LOOP;
            SELECT array_agg(value) INTO later FROM (COUNTERS) counters (value);
            answer := answer || 'counted ' || (
                SELECT array_agg(after - before)::text
                FROM unnest(earlier, later) counters (before, after)
            );
            answer := answer || ' locked ' || (
                SELECT array_agg(lock ORDER BY lock)::text
                FROM pg_locks, concat_ws(' ', locktype, mode, page, tuple) lock
                WHERE pid = pg_backend_pid()
            );
            RAISE EXCEPTION USING ERRCODE = 'UNDO0';
        EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
            NULL;
        END;
        answers := answers || answer;
    END LOOP;
    PERFORM set_config('interview.answers', array_to_json(answers)::text, true);
END $interview$
""".replace(
    "COUNTERS",
    """
    SELECT unnest(ARRAY[
        pg_stat_get_xact_numscans(number),
        pg_stat_get_xact_tuples_returned(number),
        pg_stat_get_xact_tuples_fetched(number),
        pg_stat_get_xact_blocks_fetched(number)
    ])
    FROM unnest(relations) WITH ORDINALITY relation (number, position)
    """,
)


@dataclass(frozen=True)
class Difference:
    """A question to which two worlds give unequal answers."""

    question: Question
    answers: tuple[str, str]

    def __str__(self) -> str:
        first, second = (answer.splitlines() for answer in self.answers)
        lines = [
            f"    {one!r} / {other!r}"
            for one, other in zip(first, second, strict=False)
            if one != other
        ]
        return "\n".join([self.question.about, *lines[:3]])


async def interview(
    connection: asyncpg.Connection,
    questions: Sequence[Question],
    settings: Mapping[str, str],
    isolation: str,
) -> list[str]:
    """Return the answer to each question, asked with these settings; nothing is changed by it."""
    asked = json.dumps([question.statements for question in questions])
    transaction = connection.transaction(isolation=isolation)
    await transaction.start()
    try:
        choose = "SELECT set_config('interview.questions', $1, true)"
        await connection.execute(choose, asked)
        for name, value in settings.items():
            await connection.execute("SELECT set_config($1, $2, true)", name, value)
        await connection.execute(INTERVIEW)
        answers = await connection.fetchval("SELECT current_setting('interview.answers')")
        return [TRIGGER.sub(r"\1", answer) for answer in json.loads(answers)]
    finally:
        await transaction.rollback()


def differences(
    worlds: Worlds,
    questions: Sequence[Question],
    settings: Mapping[str, str],
    isolation: str = "read_committed",
    attempts: int = ATTEMPTS,
    **options: Any,
) -> list[Difference]:
    """Return the questions that two worlds answer differently, and do so again and again."""
    return asyncio.run(_differences(worlds, questions, settings, isolation, attempts, options))


async def _differences(
    worlds: Worlds,
    questions: Sequence[Question],
    settings: Mapping[str, str],
    isolation: str,
    attempts: int,
    options: Mapping[str, Any],
) -> list[Difference]:
    connections = [await login(world.url, statement_cache_size=0, **options) for world in worlds]
    try:
        differing: list[Difference] = []
        for start in range(0, len(questions), BATCH):
            batch = questions[start : start + BATCH]
            differing += await _compare(connections, batch, settings, isolation, attempts)
        return differing
    finally:
        for connection in connections:
            await connection.close()


async def _compare(
    connections: Sequence[asyncpg.Connection],
    questions: Sequence[Question],
    settings: Mapping[str, str],
    isolation: str,
    attempts: int,
) -> list[Difference]:
    suspects = set(range(len(questions)))
    for _ in range(attempts):
        # One after the other, for the same reason as the server is their own.
        first, second = [
            await interview(connection, questions, settings, isolation)
            for connection in connections
        ]
        suspects = {number for number in suspects if first[number] != second[number]}
        if not suspects:
            return []
    return [
        Difference(questions[number], (first[number], second[number]))
        for number in sorted(suspects)
    ]
