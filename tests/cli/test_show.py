"""`todo show`."""

from __future__ import annotations

import json

import pytest

from tests.harness import Todo

ANNOTATED = json.dumps(
    {
        "uuid": "a1b2c3d4-0000-4000-8000-000000000001",
        "description": "Call the dentist",
        "status": "pending",
        "entry": "20261101T080000Z",
        "annotations": [{"entry": "20261102T090000Z", "description": "asked \u001b[31mtwice"}],
    }
)


def test_a_pipe_gets_every_field_by_name(todo: Todo) -> None:
    todo.ok("add", "Buy milk", "--description", "two\nlines", "--due", "fri 17:00", "-p", "high")
    todo.ok("edit", "1", "-P", "home", "-t", "shop", "-t", "a")
    result = todo("show", "1")

    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"id\t{todo.tasks()[0]['id']}\n"
        "number\t1\n"
        "title\tBuy milk\n"
        "description\ttwo\\nlines\n"
        "completed\tfalse\n"
        "completed_at\t\n"
        "due\t2026-11-27T16:00:00Z\n"
        "priority\thigh\n"
        "project\thome\n"
        "tags\ta,shop\n"
        "extra\t\n"
        "created_at\t2026-11-20T12:00:00Z\n"
        "updated_at\t2026-11-20T12:00:00Z\n"
        "start\t\n"
        "notes\t\n"
    )


def test_a_terminal_gets_a_card_with_description_and_notes(todo: Todo) -> None:
    todo.ok("import", "-", "--format", "taskwarrior", stdin=ANNOTATED)
    todo.later(minutes=5)
    todo.ok("edit", "1", "--description", "line one\nline two", "--due", "tomorrow")
    result = todo("show", "a1b2", terminal=True)

    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "Call the dentist\n"
        "\n"
        "number   1\n"
        "status   pending\n"
        "due      2026-11-21 (tomorrow)\n"
        "created  2026-11-01 09:00\n"
        "updated  2026-11-20 13:05\n"
        "id       a1b2c3d4-0000-4000-8000-000000000001\n"
        "\n"
        "line one\n"
        "line two\n"
        "\n"
        "1  2026-11-02 10:00  asked \\x1b[31mtwice\n"
    )


def test_json_is_one_object_as_the_list_has_it(todo: Todo) -> None:
    todo.ok("add", "Buy milk", "--due", "2026-12-24", "-t", "b", "-t", "a")
    result = todo("show", "@last", "--json")

    assert (result.code, result.err) == (0, "")
    assert list(result.json.items()) == list(todo.tasks()[0].items())
    assert result.out.startswith('{\n  "id": "')


def test_quiet_prints_the_number(local: Todo) -> None:
    local.ok("add", "one")
    local.ok("add", "two")

    assert local("show", local.tasks()[1]["id"], "-q").out == "2\n"


def test_only_one_task_can_be_shown(todo: Todo) -> None:
    todo.ok("add", "-", stdin="one\ntwo\n\x1b[2Jthree\n")
    one, two, three = (task["id"] for task in todo.tasks())
    result = todo("show", "1-3")

    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "error: give exactly one task, not 3\n"
        f"  1  {one}  one\n"
        f"  2  {two}  two\n"
        f"  3  {three}  \\x1b[2Jthree\n"
        "hint: use the number of one of these\n"
    )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("2", "no task 2"),
        ("99999999999999999999", "no task 99999999999999999999"),
        ("abcd", "no task's id starts with `abcd`"),
        ("7-9", "no task has a number in 7-9"),
        (
            "a1b2c3d4-0000-4000-8000-000000000001",
            "no task has the id a1b2c3d4-0000-4000-8000-000000000001",
        ),
    ],
)
def test_a_task_that_is_not_there_is_exit_3(todo: Todo, reference: str, message: str) -> None:
    todo.ok("add", "one")
    result = todo("show", reference, terminal=True)

    assert (result.code, result.out) == (3, "")
    assert result.err == f"error: {message}\nhint: `todo list --all` shows every task\n"


def test_last_is_gone_where_this_machine_did_nothing(local: Todo) -> None:
    assert local("show", "@last").err == (
        "error: this machine has no last task, or it was removed\n"
        "hint: `todo list --all` shows every task\n"
    )


@pytest.mark.parametrize(
    "argv", [[], ["x!"], ["1", "2"], ["abc"], [""], ["1", "--color", "red"]], ids=str
)
def test_wrong_usage_is_exit_2(local: Todo, argv: list[str]) -> None:
    local.ok("add", "one")
    result = local("show", *argv)

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: ")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_hostile_title_is_shown_and_not_obeyed(local: Todo, width: int) -> None:
    local.ok("add", "[red]x[/red] \x1b]0;t\x07\u202e")
    card = local("show", "1", terminal=True, width=width).out

    assert card.startswith("[red]x[/red] \\x1b]0;t\\x07\\u202e\n")
    assert "title\t[red]x[/red] \\x1b]0;t\\x07\\u202e\n" in local("show", "1").out


def test_colour_can_be_asked_for(local: Todo) -> None:
    local.ok("add", "one", "-p", "high")

    assert "\x1b[" in local("show", "1", "--color", "always", terminal=True).out
    assert "\x1b[" not in local("show", "1", "--color", "never", terminal=True, colour=True).out


@pytest.mark.parametrize("edits", [False, True], ids=["show", "edit"])
def test_of_a_removed_task_it_says_when_that_was(todo: Todo, edits: bool) -> None:
    todo.ok("add", "-", stdin="Buy milk\nCall {Ann}\nRest")
    todo.later(days=1)
    last = todo.ok("show", "2", "--json").json["id"]
    todo.ok("rm", "2-3", "-y")
    todo.later(hours=1)
    command = ["edit"] if edits else ["show"]
    for ref in ("2", last[:24], last):
        gone = todo(*command, ref, terminal=True)
        assert (gone.code, gone.out) == (3, "")
        assert gone.err == (
            "error: task 2 (Call {Ann}) was removed today 13:00\n"
            "hint: `todo log 2` shows what it was\n"
        )
    never = "error: no task 4\nhint: `todo list --all` shows every task\n"
    assert todo(*command, "4", terminal=True).err == never
    assert todo(*command, "2-3", terminal=True).err.startswith("error: no task has a number in 2-3")
    todo.ok("undo")
    assert todo.ok("show", "2", "--json").json["id"] == last
