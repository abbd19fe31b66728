"""Other task managers, as they come, and the tasks in the files that they keep."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import data
from tests.benchmarks.stores import NEW, TITLE, WORD, Sample, Store, environment


@dataclass(frozen=True)
class Taskwarrior:
    """https://taskwarrior.org"""

    program: str
    name: str = "Taskwarrior"

    def open(self, home: Path, sample: Sample) -> Store:
        """Make an empty store, without questions and without news."""
        lines = (f"data.location={home}/.task", "confirmation=off", "news.version=99.0.0")
        (home / ".taskrc").write_text("\n".join(lines) + "\n")
        return Store(
            environment(home),
            {
                "add": (self.program, "add", *TITLE),
                "list": (self.program, "limit:20", "list"),
                "search": (self.program, WORD, "limit:20", "list"),
                "done": (self.program, NEW, "done"),
            },
            importing=(self.program, "import", str(sample.taskwarrior)),
            exporting=(self.program, "export"),
            new=sample.pending + 1,
        )


@dataclass(frozen=True)
class TodoTxt:
    """https://github.com/todotxt/todo.txt-cli"""

    program: str
    name: str = "todo.txt-cli"

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store of pending tasks, and an archive of those that are done."""
        write_todotxt(home / ".todo-txt", sample.size)
        return Store(
            environment(home),
            {
                "add": (self.program, "add", *TITLE),
                "list": (self.program, "list"),
                "search": (self.program, "list", WORD),
                "done": (self.program, "do", NEW),
            },
            new=sample.pending + 1,
        )


@dataclass(frozen=True)
class Topydo:
    """https://github.com/topydo/topydo"""

    program: str
    name: str = "topydo"

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store like todo.txt-cli's."""
        write_todotxt(home, sample.size)
        (home / ".topydo").write_text(
            f"[topydo]\nfilename = {home}/todo.txt\narchive_filename = {home}/done.txt\n"
        )
        return Store(
            environment(home),
            {
                "add": (self.program, "add", " ".join(TITLE)),
                "list": (self.program, "ls", "-n", "20"),
                "search": (self.program, "ls", "-n", "20", WORD),
                "done": (self.program, "do", NEW),
            },
            exporting=(self.program, "ls", "-x", "-f", "json"),
            new=sample.pending + 1,
        )


@dataclass(frozen=True)
class Todoman:
    """https://github.com/pimutils/todoman"""

    program: str
    name: str = "todoman"

    def open(self, home: Path, sample: Sample) -> Store:
        """Make a store of a file for each task."""
        config = home / ".config" / "todoman"
        config.mkdir(parents=True)
        (config / "config.py").write_text(f'path = "{home}/lists/*"\ndefault_list = "tasks"\n')
        folder = home / "lists" / "tasks"
        folder.mkdir(parents=True)
        for task in data.tasks(sample.size):
            (folder / f"{task['id']}.ics").write_text("\r\n".join(_icalendar(task)), newline="")
        return Store(
            environment(home),
            {
                "add": (self.program, "new", *TITLE),
                "list": (self.program, "list"),
                "search": (self.program, "list", "--grep", WORD),
                "done": (self.program, "done", NEW),
            },
            exporting=(self.program, "--porcelain", "list", "--status", "ANY"),
            new=sample.size + 1,
            stride=1,
        )


def write_todotxt(folder: Path, size: int) -> None:
    """Write todo.txt and done.txt, as they are where what is done was archived."""
    folder.mkdir(exist_ok=True)
    with (folder / "todo.txt").open("w") as pending, (folder / "done.txt").open("w") as done:
        for task in data.tasks(size):
            (done if task["completed"] else pending).write(_todotxt(task))


def _todotxt(task: dict[str, Any]) -> str:
    words = [task["created_at"][:10], task["title"]]
    if task["completed"]:
        words = ["x", task["completed_at"][:10], *words]
    elif task["priority"] != "none":
        words = [{"high": "(A)", "medium": "(B)", "low": "(C)"}[task["priority"]], *words]
    if task["project"]:
        words.append(f"+{task['project']}")
    words += [f"@{tag}" for tag in task["tags"]]
    if task["due"]:
        words.append(f"due:{task['due'][:10]}")
    return " ".join(words) + "\n"


def _icalendar(task: dict[str, Any]) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//neontodo//benchmarks//EN")
    yield from ("BEGIN:VTODO", f"UID:{task['id']}", f"SUMMARY:{task['title']}")
    yield f"CREATED:{_stamp(task['created_at'])}"
    for name in ("DTSTAMP", "LAST-MODIFIED"):
        yield f"{name}:{_stamp(task['updated_at'])}"
    if task["completed"]:
        yield from ("STATUS:COMPLETED", "PERCENT-COMPLETE:100")
        yield f"COMPLETED:{_stamp(task['completed_at'])}"
    if task["description"]:
        yield f"DESCRIPTION:{task['description']}"
    if due := task["due"]:
        yield f"DUE{'' if 'T' in due else ';VALUE=DATE'}:{_stamp(due)}"
    if task["priority"] != "none":
        yield f"PRIORITY:{ {'high': 1, 'medium': 5, 'low': 9}[task['priority']] }"
    if task["tags"]:
        yield f"CATEGORIES:{','.join(task['tags'])}"
    yield from ("END:VTODO", "END:VCALENDAR", "")


def _stamp(text: str) -> str:
    return text.replace("-", "").replace(":", "")


def find_topydo(given: str | None, folder: Path) -> str | None:
    """The program: the one that was named, or on PATH, else from PyPI into a folder."""
    if found := given or shutil.which("topydo"):
        return found
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "topydo"]
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        if subprocess.run(command, capture_output=True).returncode:
            return None
    return str(folder / "bin" / "topydo")


def version(*argv: str) -> str:
    """The number of a version, as a program says it."""
    said = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else "?"
