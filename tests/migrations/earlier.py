"""Stores as earlier versions left them: their tables, and rows as their commands wrote them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from neontodo.models import Change, Task, User
from neontodo.tasks.search_text import build_search_text

FILE = Path(__file__).parents[1] / "data" / "taskwarrior-export.json"
WHEN = datetime.fromisoformat("2026-11-20T12:00:00Z")
KEY = "machine"


def read_export() -> list[dict[str, Any]]:
    """The tasks of a real export of Taskwarrior's, as 0002 logged their import."""
    return [
        _read_task(number, raw)
        for number, raw in enumerate(json.loads(FILE.read_text()), 1)
        if raw["status"] != "deleted"
    ]


def _read_task(number: int, raw: dict[str, Any]) -> dict[str, Any]:
    kept = {name: raw[name] for name in ("id", "urgency") if name in raw}
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
            "tags": sorted(set(raw.get("tags", ()))),
            "project": raw.get("project"),
            "completed": raw["status"] == "completed",
            "completed_at": spell(raw["end"]) if raw["status"] == "completed" else None,
        }.items()
        if value
    }


def spell(text: str) -> str:
    """An instant as the log has it."""
    return datetime.fromisoformat(text).isoformat().replace("+00:00", "Z")


def insert_import(
    connection: sa.Connection, user_id: str, states: Iterable[dict[str, Any]], first_seq: int = 1
) -> uuid.UUID:
    """Write tasks and their log as one import; the id of the command."""
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
            "due_on": None,
            "due_at": None,
            "created_at": _parse(state["created_at"]),
            "updated_at": _parse(state["updated_at"]),
        }
        task_id = uuid.UUID(state["id"])
        texts = (columns[name] for name in ("title", "description", "project", "tags"))
        search_text = build_search_text(*texts)
        tasks.append({"user_id": user_id, "id": task_id, "search_text": search_text} | columns)
        after = {name: value for name, value in state.items() if name != "id"}
        changes.append(
            make_change(user_id, task_id, first_seq + position, command_id, position, after=after)
        )
    connection.execute(sa.insert(Task.__table__), tasks)  # type: ignore[attr-defined]
    connection.execute(sa.insert(Change.__table__), changes)  # type: ignore[attr-defined]
    counters = {"last_number": tasks[-1]["number"], "last_seq": changes[-1]["seq"]}
    connection.execute(sa.update(User).where(User.id == user_id).values(counters))  # type: ignore[arg-type]
    return command_id


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
        "key_id": KEY,
        "task_id": task_id,
        "kind": kind,
        "before": states.get("before"),
        "after": states.get("after"),
        "reverts": None,
        "at": WHEN,
    }


def _parse(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
