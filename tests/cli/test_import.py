"""`todo import`: what it says, what it refuses, and that it is all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness import Result, Todo


def test_the_format_is_told_by_the_extension_or_the_content(local: Todo, tmp_path: Path) -> None:
    for name, text in {
        "a.json": '[{"title": "from json"}]',
        "b.csv": "title,priority\nfrom csv,high\n",
        "c.txt": "(A) from todotxt +p @c due:2026-12-24\n",
        "d": '[{"description": "from taskwarrior", "uuid": "a0f278d4-a62c-4621-a1f9-27e2fd5466b2",'
        ' "entry": "20180914T103257Z", "status": "pending"}]',
    }.items():
        (tmp_path / name).write_text(text)
        local.ok("import", str(tmp_path / name))

    assert [task["title"] for task in local.tasks()] == [
        "from json",
        "from csv",
        "from todotxt",
        "from taskwarrior",
    ]


def test_standard_input_is_read_whole(local: Todo) -> None:
    result = local.ok("import", "-", "--format", "todotxt", stdin="one\nx 2026-11-01 two\n")

    assert result == Result(0, "", "imported 2 tasks\n")
    assert [row[:2] for row in local.ok("list", "--all", "--sort", "number").rows] == [
        ["1", "pending"],
        ["2", "done"],
    ]


def test_one_bad_record_is_named_and_nothing_is_imported(todo: Todo, tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text("title,priority\ngood,low\n,low\nbad,urgent\n")
    result = todo("import", str(file))

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: nothing was imported: 2 records cannot be read\n  line 3")
    assert "line 4" in result.err
    assert todo.tasks() == []


def test_bad_records_may_be_left_out(todo: Todo, tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.write_text("title,priority\ngood,low\n,low\n")
    result = todo.ok("import", str(file), "--skip-bad")

    assert result.err.startswith(
        "imported 1 task\nwarning: left out 1 record that cannot be read\n"
    )
    assert [task["title"] for task in todo.tasks()] == ["good"]


def test_a_number_that_is_taken_is_said(todo: Todo, tmp_path: Path) -> None:
    todo.ok("add", "first")
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"title": "other", "number": 1}, {"title": "far", "number": 9}]))
    result = todo.ok("import", str(file))

    assert result.err == "imported 2 tasks\nnumbers that were taken: 1 is now 10\n"
    assert {task["number"]: task["title"] for task in todo.tasks()} == {
        1: "first",
        9: "far",
        10: "other",
    }


def test_a_long_title_comes_back_whole(todo: Todo, tmp_path: Path) -> None:
    title = "long " * 60
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"title": title, "mood": "grim"}]))
    todo.ok("import", str(file))
    task = todo.tasks()[0]

    assert len(task["title"]) == 200
    assert task["extra"]["title"].strip() == title.strip()
    assert task["extra"]["json"] == {"mood": "grim"}
    exported = todo.ok("export", "--format", "taskwarrior").json[0]
    assert exported["description"].strip() == title.strip()


def test_a_report_as_json(todo: Todo, tmp_path: Path) -> None:
    file = tmp_path / "tasks.txt"
    file.write_text("one\none\n")

    assert todo.ok("import", str(file), "--json").json == {
        "added": 2,
        "already_here": 0,
        "removed_here": 0,
        "skipped": {},
        "renumbered": 0,
        "numbers": {},
        "bad": 0,
        "problems": [],
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b'[{"title": "x"', "nothing was imported", id="truncated"),
        pytest.param(b"[1, 2]", "nothing was imported", id="numbers"),
        pytest.param(b'[{"title": "\xff"}]', "nothing was imported", id="not-utf-8"),
        pytest.param(b'[{"title": "x", "due": "soon"}]', "nothing was imported", id="bad-due"),
    ],
)
def test_a_damaged_file_is_a_clear_error(
    local: Todo, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "tasks.json"
    file.write_bytes(content)
    result = local("import", str(file))

    assert result.code == 2, result
    assert said in result.err
    assert local.tasks() == []


@pytest.mark.parametrize(
    "argv",
    [["missing.json"], ["."], ["x", "--format", "word"], ["-"]],
    ids=["missing", "folder", "unknown-format", "untold-format"],
)
def test_what_cannot_be_imported_is_said(local: Todo, argv: list[str]) -> None:
    result = local("import", *argv, stdin="just some words")

    assert result.code in (1, 2), result
    assert result.err.startswith("error: ")
    assert argv[0].strip("-") in result.err
