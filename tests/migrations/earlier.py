"""Stores as earlier versions left them: their tables, and rows as their commands wrote them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from neontodo.columns import Identifier, Instant, Tags
from neontodo.tasks.search_text import build_search_text

FILE = Path(__file__).parents[1] / "data" / "taskwarrior-export.json"
WHEN = datetime.fromisoformat("2026-11-20T12:00:00Z")
TASKS = sa.table(
    "tasks",
    *(
        sa.column(name)
        for name in ("user_id", "number", "title", "description", "priority", "project")
    ),
    sa.column("extra", sa.JSON(none_as_null=True)),
    *(sa.column(name, Instant) for name in ("completed_at", "created_at", "updated_at")),
    sa.column("id", Identifier),
    sa.column("completed", sa.Boolean),
    sa.column("tags", Tags),
    sa.column("search_text"),
)
CHANGES = sa.table(
    "changes",
    *(sa.column(name) for name in ("user_id", "seq", "position", "key_id", "kind")),
    *(sa.column(name, Identifier) for name in ("command_id", "task_id")),
    *(sa.column(name, sa.JSON(none_as_null=True)) for name in ("before", "after")),
    sa.column("at", Instant),
)


def read_export() -> list[dict[str, Any]]:
    """The tasks of a real export of Taskwarrior's, as 0002 logged their import."""
    raws = [raw for raw in json.loads(FILE.read_text()) if raw["status"] != "deleted"]
    return [_read_task(number, raw) for number, raw in enumerate(raws, 1)]


def _read_task(number: int, raw: dict[str, Any]) -> dict[str, Any]:
    tags = sorted(set(raw["tags"]))
    kept: dict[str, Any] = {name: raw[name] for name in ("id", "urgency")}
    if raw["tags"] != tags:
        kept["tags"] = raw["tags"]
    extra = {"annotations": raw["annotations"]} if "annotations" in raw else {}
    return {
        "id": raw["uuid"],
        "number": number,
        "title": raw["description"],
        "created_at": spell(raw["entry"]),
        "updated_at": spell(raw["modified"]),
        "extra": extra | {"taskwarrior": kept},
    } | {
        name: value
        for name, value in {
            "tags": tags,
            "project": raw.get("project"),
            "priority": {"H": 3, "M": 2, "L": 1}.get(raw.get("priority", "")),
            "completed": raw["status"] == "completed",
            "completed_at": spell(raw["end"]) if raw["status"] == "completed" else None,
        }.items()
        if value
    }


def spell(text: str) -> str:
    """An instant as the log has it."""
    return datetime.fromisoformat(text).isoformat().replace("+00:00", "Z")


def insert_import(
    connection: sa.Connection, user_id: str, states: Iterable[dict[str, Any]]
) -> None:
    """Write tasks and their log as one import by the user's machine."""
    key_id = connection.scalar(sa.text("SELECT id FROM keys WHERE user_id = :u"), {"u": user_id})
    command_id = uuid.uuid4()
    tasks, changes = [], []
    for position, state in enumerate(states):
        columns = {
            "description": None,
            "project": None,
            "priority": 0,
            "completed": False,
            "extra": None,
            **{name: value for name, value in state.items() if name != "id"},
            "tags": tuple(state.get("tags", ())),
            "completed_at": _parse(state.get("completed_at")),
            "created_at": _parse(state["created_at"]),
            "updated_at": _parse(state["updated_at"]),
        }
        task_id = uuid.UUID(state["id"])
        search_text = build_search_text(columns["title"], None, columns["project"], columns["tags"])
        tasks.append({"user_id": user_id, "id": task_id, "search_text": search_text} | columns)
        after = {name: value for name, value in state.items() if name != "id"}
        changes.append(
            make_change(user_id, task_id, 1 + position, command_id, position, after=after)
            | {"key_id": key_id}
        )
    connection.execute(sa.insert(TASKS), tasks)
    connection.execute(sa.insert(CHANGES), changes)
    counters = {"number": tasks[-1]["number"], "seq": changes[-1]["seq"], "user_id": user_id}
    connection.execute(
        sa.text("UPDATE users SET last_number = :number, last_seq = :seq WHERE id = :user_id"),
        counters,
    )


def make_change(
    user_id: str,
    task_id: uuid.UUID,
    seq: int,
    command_id: uuid.UUID,
    position: int = 0,
    kind: str = "create",
    **states: Any,
) -> dict[str, Any]:
    """A row of the log."""
    return {
        "user_id": user_id,
        "seq": seq,
        "command_id": command_id,
        "position": position,
        "key_id": "machine",
        "task_id": task_id,
        "kind": kind,
        "before": states.get("before"),
        "after": states.get("after"),
        "at": WHEN,
    }


def _parse(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
