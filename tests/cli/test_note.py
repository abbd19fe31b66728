"""`todo note`, and notes wherever tasks go."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.cli.editors import Editor
from tests.harness import Todo

LONG = "word " * 500


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path / "editor")


def texts(todo: Todo, number: int = 1) -> list[str]:
    """The notes of a task."""
    return [note["text"] for note in todo.ok("show", str(number), "--json").json["notes"]]


def test_words_are_a_note_at_the_end(todo: Todo) -> None:
    todo.ok("add", "Fix login", "--note", "from Bob", "-n", "urgent?")
    noted = todo.ok("note", "1", "talked", "to", "Zoë")
    read = todo.ok("note", "1", "-", stdin="two\nlines\n\n")

    assert noted.out == "1\tpending\tnone\t\t\t\tFix login\n"
    assert noted.err == "noted 1: Fix login · talked to Zoë\n"
    assert read.err == "noted 1: Fix login · two lines\n"
    assert texts(todo) == ["from Bob", "urgent?", "talked to Zoë", "two\nlines"]
    task = todo.tasks()[0]
    stamps = [note["at"] for note in task["notes"]]
    assert stamps == [f"2026-11-20T12:00:0{second}Z" for second in range(4)]
    name = f"{stamps[2]} talked to Zoë"
    assert task["notes"][2]["id"] == str(uuid.uuid5(uuid.UUID(task["id"]), name))
    for word in ("zoe", "urgent", "lines"):
        assert todo.ok("search", word, "-q").out == "1\n"
    assert todo.ok("list", "--table").out.splitlines()[-1] == "1  Fix login ¶"
    assert todo.ok("list").out == noted.out


def test_undo_redo_and_log_say_what_became_of_a_note(todo: Todo) -> None:
    todo.ok("add", "Fix login")
    for text in ("a", "b"):
        todo.later(minutes=1)
        todo.ok("note", "1", text)
    removed = todo.ok("note", "1", "--rm", "1")
    assert removed.err == "removed note 1 of 1: Fix login · a\n"
    todo.ok("note", "1", "c")

    assert todo.ok("undo").err == "undone: 1 note of 1 (Fix login) removed (noted today 13:02)\n"
    assert todo.ok("undo").err == "undone: 1 note of 1 (Fix login) restored (removed today 13:02)\n"
    assert texts(todo) == ["a", "b"]
    (removal,) = (e for e in todo.ok("log", "1", "--json").json if e["seq"] == 4)
    assert removal["before"]["notes"]["added"][0]["text"] == "a"
    todo.ok("note", "1", "d")
    for left in (["a", "b"], ["a"], []):
        todo.ok("undo")
        assert texts(todo) == left
    assert todo.ok("redo").err == "redone: 1 note of 1 (Fix login) restored (undone today 13:02)\n"
    assert texts(todo) == ["a"]


@pytest.mark.parametrize(
    ("argv", "code", "err"),
    [
        (["2", "hi"], 3, "error: no task 2\n"),
        (["1"], 2, "error: no note was given\n"),
        ([], 2, "error: no note was given\n"),
        (["1", ""], 2, "error: the note is empty\n"),
        (["1", "-"], 2, "error: the note is empty\n"),
        (["1", "x" * 2001], 2, "error: a note has 1 to 2,000 characters\n"),
        (["1", "a\0b"], 2, "error: a note holds a NUL character\n"),
        (["1", "--rm", "1"], 3, "error: task 1 has no notes\n"),
        (["1", "--rm", "0"], 2, "error: "),
        (["1", "x", "--rm", "1"], 2, "error: `--rm 1` takes no text\n"),
        (["--rm", "1"], 2, "error: no task was named\n"),
        (["milk", "x"], 2, "error: `milk` names no task\n  1  "),
        (["+home", "x"], 2, "error: this needs confirmation"),
        (["--filter", "text:milk", "x"], 2, "error: this needs confirmation"),
    ],
    ids=lambda value: " ".join(value)[:20] if isinstance(value, list) else "",
)
def test_what_is_no_note_is_refused(local: Todo, argv: list[str], code: int, err: str) -> None:
    local.ok("add", "Buy milk", "-t", "home")
    result = local("note", *argv)

    assert (result.code, result.out) == (code, ""), result
    assert result.err.startswith(err)
    assert texts(local) == []


def test_several_tasks_get_one_note(todo: Todo) -> None:
    todo.ok("add", "-", "-t", "x", stdin="a\nb\nc\n")
    assert todo.ok("note", "1,3", "by", "mail").err == "noted 2 tasks: 1, 3 · by mail\n"
    todo.ok("note", "--filter", "+x", "--yes", "12", "apples")
    assert [texts(todo, n) for n in (1, 2, 3)] == [
        ["by mail", "12 apples"],
        ["12 apples"],
        ["by mail", "12 apples"],
    ]
    assert todo.ok("note", "2", "more", "--dry-run").err.endswith("nothing was changed\n")
    assert todo.ok("note", "2", "q", "-q").out == "2\n"
    assert texts(todo, 2) == ["12 apples", "q"]


def test_a_hundred_notes_are_enough(todo: Todo) -> None:
    todo.ok("add", "x", *[word for n in range(100) for word in ("--note", f"{n} {'é' * 1000}")])
    result = todo("note", "1", "one more")

    assert (result.code, result.err) == (1, "error: task 1: a task has at most 100 notes\n")
    for notes in (["--note", "z"] * 101, ["--note", "\u20ac" * 2000] * 50):
        assert todo("add", "y", *notes).code == 2
    todo.ok("note", "1", "--rm", "100")
    todo.ok("note", "1", "one more")
    assert [text.split()[0] for text in texts(todo)] == [*map(str, range(99)), "one"]


def test_without_words_the_editor_is_opened(local: Todo, editor: Editor) -> None:
    local.ok("add", "Buy\nmilk")
    written = editor.steps(
        'printf "one\\n\\n# two\\n" >> "$1"', ":", f'printf "{"x" * 2001}" > "$1"'
    )
    local.ok("note", "1", terminal=True, env=written)
    empty = local("note", "1", terminal=True, env=written)
    refused = local("note", "1", terminal=True, env=written)

    head = "\n# a note for 1: Buy\\nmilk\n# save and close; leave it empty to cancel\n"
    assert editor.seen[0] == head
    assert texts(local) == ["one\n\n# two"]
    assert (empty.code, empty.err) == (1, "error: nothing was noted: you left it empty\n")
    assert refused.code == 2
    assert "your text is kept in" in refused.err
    assert editor.kept == ["x" * 2001]


def taskwarrior(**more: Any) -> dict[str, Any]:
    return {
        "uuid": "a1b2c3d4-0000-4000-8000-000000000001",
        "description": "Call",
        "status": "pending",
        "entry": "20261101T080000Z",
        "modified": "20261101T080000Z",
        **more,
    }


ANNOTATIONS = [
    {"entry": "20261102T090000Z", "description": "asked twice"},
    {"entry": "20261103T090000Z", "description": LONG},
]


def test_annotations_of_taskwarrior_come_and_go_as_they_were(todo: Todo) -> None:
    many = [
        {"entry": f"20261104T09{n // 60:02}{n % 60:02}Z", "description": f"{n}"} for n in range(110)
    ]
    record = taskwarrior(annotations=ANNOTATIONS + many)
    todo.ok("import", "-", "--format", "taskwarrior", stdin=json.dumps([record]))
    task = todo.tasks()[0]

    assert len(task["notes"]) == 100
    assert task["notes"][1]["text"] == LONG[:1999] + "…"
    assert [len(note["text"]) for note in task["extra"]["notes"]] == [2500, *[2] * 2, *[3] * 10]
    name = "2026-11-02T09:00:00Z asked twice"
    assert task["notes"][0]["id"] == str(uuid.uuid5(uuid.UUID(task["id"]), name))
    assert json.loads(todo.ok("export", "--format", "taskwarrior").out) == [record]
    again = todo.ok(
        "import", "-", "--format", "taskwarrior", "--update", stdin=json.dumps([record])
    )
    assert again.err == "imported nothing; 1 is here already\n"
    assert todo.ok("search", "109", "-q").out == "1\n"
    todo.ok("note", "1", "--rm", "2")
    assert "undone: 1 note of 1 (Call) restored" in todo.ok("undo").err
    assert todo.tasks()[0]["notes"] == task["notes"]
    todo.ok("redo")
    todo.ok("note", "1", "--rm", "111")
    (left,) = json.loads(todo.ok("export", "--format", "taskwarrior").out)
    assert left["annotations"] == [ANNOTATIONS[0], *many[:-1]]


def test_own_files_bring_notes_back(todo: Todo, tmp_path: Path) -> None:
    todo.ok("add", "Call", "--note", "a", "--note", '[x] "b",\nc')
    other = Todo(tmp_path / "other")
    for format in ("json", "csv", "taskwarrior"):
        file = todo.ok("export", "--format", format).out
        other.ok("import", "-", "--format", format, "--update", stdin=file)
        assert other.tasks()[0]["notes"] == todo.tasks()[0]["notes"]
        assert other.ok("import", "-", "--format", format, stdin=file).err == (
            "imported nothing; 1 is here already\n"
        )
        other.ok("undo")


@pytest.mark.parametrize(
    ("record", "notes", "description"),
    [
        ({"notes": "a body"}, [], "a body"),
        ({"notes": "a line", "description": "a body"}, ["a line"], "a body"),
        ({"notes": ["b", "a"]}, ["b", "a"], None),
        ({"notes": [{"text": "a", "at": "2026-01-01"}, {"text": ""}]}, ["a"], None),
        ({"extra": {"annotations": [{"description": "old", "entry": "?"}]}}, ["old"], None),
    ],
    ids=str,
)
def test_other_files_may_have_notes(
    local: Todo, record: dict[str, Any], notes: list[str], description: str | None
) -> None:
    record |= {"title": "x", "created_at": "2026-01-02T00:00:00Z"}
    local.ok("import", "-", "--format", "json", stdin=json.dumps(record))

    assert texts(local) == notes
    assert (local.tasks()[0]["description"], local.tasks()[0]["extra"]) == (description, None)
