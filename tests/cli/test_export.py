"""`todo export`: files written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Todo


@pytest.fixture
def busy(todo: Todo) -> Todo:
    todo.ok("add", "one", "-P", "p", "-t", "t")
    todo.ok("add", "two", "--due", "2026-12-24 17:00", "-p", "high")
    todo.ok("done", "1")
    return todo


def test_json_is_what_list_prints(busy: Todo) -> None:
    assert busy.ok("export").out == busy.ok("list", "--all", "--json").out


@pytest.mark.parametrize(
    ("option", "titles"),
    [
        (["--pending"], ["two"]),
        (["--done"], ["one"]),
        (["--project", "p"], ["one"]),
        (["--tag", "t"], ["one"]),
    ],
    ids=lambda value: value[0],
)
def test_a_part_may_be_exported(busy: Todo, option: list[str], titles: list[str]) -> None:
    assert [task["title"] for task in busy.ok("export", *option).json] == titles


def test_a_file_is_not_written_over_without_force(busy: Todo, tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    said = busy.ok("export", str(file)).err
    before = file.read_bytes()
    refused = busy("export", str(file))

    assert said == f"exported 2 tasks to {file}\n"
    assert refused.code == 1, refused
    assert "--force" in refused.err
    assert file.read_bytes() == before
    busy.ok("rm", "1", "--yes")
    busy.ok("export", str(file), "--force")
    assert file.read_bytes() != before


def test_an_unknown_format_is_refused_before_anything_is_written(
    busy: Todo, tmp_path: Path
) -> None:
    result = busy("export", str(tmp_path / "tasks.doc"))

    assert result.code == 2, result
    assert "--format" in result.err
    assert list(tmp_path.glob("tasks*")) == []


def test_a_folder_that_is_not_there_is_said(busy: Todo, tmp_path: Path) -> None:
    result = busy("export", str(tmp_path / "nowhere" / "tasks.json"))

    assert result.code in (1, 2), result
    assert result.err.startswith("error: ")


def test_todotxt_lines(busy: Todo) -> None:
    assert busy.ok("export", "--format", "todotxt").out.splitlines() == [
        "(A) 2026-11-20 two due:2026-12-24",
        "x 2026-11-20 2026-11-20 one +p @t",
    ]
