"""Files of made-up tasks, the same on every machine: `python -m tests.benchmarks.data --help`."""

from __future__ import annotations

import argparse
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

START = datetime(2024, 1, 1, 8, tzinfo=UTC)
_TEXT = (
    "buy milk call dentist about the appointment renew passport before travel write report for "
    "Köln office fix printer driver ask Zoë review pull request plan summer party order parts "
    "clean garage read chapter three check https://example.org/tickets/4711 pay rent backup server"
)
WORDS = _TEXT.split()
PROJECTS = ("home", "work", "garden", "neon.migration", "Büro", "travel")
TAGS = ("phone", "errand", "urgent", "waiting", "someday", "bug", "idea", "shop")
PRIORITIES = ("none", "none", "none", "low", "medium", "high")


def tasks(count: int) -> Iterator[dict[str, Any]]:
    """Tasks as our own JSON has them; half of them are done, the numbers are in order."""
    random = Random(4711)
    for number in range(1, count + 1):
        created = START + timedelta(minutes=7 * number, seconds=random.randrange(60))
        done = created + timedelta(hours=random.randrange(1, 900))
        completed = random.random() < 0.5
        yield {
            "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "number": number,
            "title": _text(random, 3, 9),
            "description": _text(random, 10, 40) if random.random() < 0.2 else None,
            "completed": completed,
            "completed_at": _instant(done) if completed else None,
            "due": _due(random, created),
            "priority": random.choice(PRIORITIES),
            "project": random.choice(PROJECTS) if random.random() < 0.4 else None,
            "tags": sorted(random.sample(TAGS, random.randrange(3))),
            "extra": None,
            "created_at": _instant(created),
            "updated_at": _instant(done if completed else created),
        }


def _text(random: Random, least: int, most: int) -> str:
    return " ".join(random.choices(WORDS, k=random.randint(least, most)))


def _due(random: Random, created: datetime) -> str | None:
    when = created + timedelta(days=random.randrange(1, 60))
    chance = random.random()
    if chance < 0.3:
        return when.date().isoformat()
    return _instant(when) if chance < 0.4 else None


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def json_lines(count: int) -> Iterator[str]:
    """A file of our own format."""
    return _array(tasks(count))


def taskwarrior_lines(count: int) -> Iterator[str]:
    """The same tasks as Taskwarrior exports them; a third have annotations."""
    return _array(map(_taskwarrior, tasks(count)))


def _taskwarrior(task: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": 0 if task["completed"] else task["number"],
        "description": task["title"],
        "due": task["due"] and _stamp(task["due"]),
        "end": task["completed_at"] and _stamp(task["completed_at"]),
        "entry": _stamp(task["created_at"]),
        "modified": _stamp(task["updated_at"]),
        "priority": {"low": "L", "medium": "M", "high": "H"}.get(task["priority"]),
        "project": task["project"],
        "status": "completed" if task["completed"] else "pending",
        "tags": task["tags"] or None,
        "uuid": task["id"],
        "urgency": task["number"] % 1000 / 100,
    }
    if task["number"] % 3 == 0:
        note = {"entry": shown["modified"], "description": f"see also {task['title']}"}
        shown["annotations"] = [note]
    return {name: value for name, value in shown.items() if value is not None}


def _stamp(text: str) -> str:
    whole = text if "T" in text else f"{text}T09:30:00Z"
    return whole.replace("-", "").replace(":", "")


def _array(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    start = "[\n"
    for record in records:
        yield start + json.dumps(record)
        start = ",\n"
    yield "\n]\n"


FORMATS: dict[str, Callable[[int], Iterator[str]]] = {
    "json": json_lines,
    "taskwarrior": taskwarrior_lines,
}


def write(path: Path, format: str, count: int) -> Path:
    """Make a file of so many tasks."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(FORMATS[format](count))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a file of made-up tasks.")
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    write(given.path, given.format, given.count)


if __name__ == "__main__":
    main()
