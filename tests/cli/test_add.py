"""`todo add -`: what comes on standard input."""

from __future__ import annotations

import pytest

from tests.harness import Todo


def test_each_line_is_a_task_and_a_byte_order_mark_is_no_part_of_one(local: Todo) -> None:
    local.ok("add", "-", stdin="\ufeffBuy milk\r\n\n  Rest \nlast")

    assert [task["title"] for task in local.tasks()] == ["Buy milk", "Rest", "last"]


def test_a_terminal_is_told_what_is_read(local: Todo) -> None:
    added = local.ok("add", "-", "-q", stdin="milk\n", terminal=True)
    assert added.err == "one task a line; Ctrl-D ends\n"
    assert local.ok("add", "-", stdin="milk\n").err == "added 2: milk\n"
    imported = local.ok("import", "-", "--format", "todotxt", stdin="a\n", terminal=True)
    assert imported.err.startswith("reading standard input; Ctrl-D ends\n")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"b\0c", "the title cannot be used: holds a NUL character"),
        (b"\xff", "the title is not valid UTF-8"),
        (b"word " * 5000, "the description is longer than 20000 characters"),
    ],
    ids=["nul", "latin-1", "long"],
)
def test_a_line_that_cannot_be_a_task_is_named_and_none_is_added(
    local: Todo, bad: bytes, why: str
) -> None:
    lines = b"\xef\xbb\xbffirst\r\n\r\n" + bad + b"\nlast\n"
    refused = local("add", "-", stdin=lines.decode("utf-8", "surrogateescape"))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[0] == f"error: line 3: {why}"
    assert local.tasks() == []


def test_a_long_line_goes_on_in_the_description(todo: Todo) -> None:
    lines = [f"{'word ' * 39}123 end", f"{'word ' * 39}12345 end", "x" * 201, "y" * 200]
    todo.ok("add", "-", "--description", "of all", stdin="\n".join(lines))
    assert [(task["title"], task["description"]) for task in todo.tasks()] == [
        (f"{'word ' * 39}123…", "…end\n\nof all"),
        (f"{'word ' * 39}".strip() + "…", "…12345 end\n\nof all"),
        ("x" * 199 + "…", "…xx\n\nof all"),
        ("y" * 200, "of all"),
    ]
