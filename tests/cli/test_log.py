"""`todo log`."""

from __future__ import annotations

import pytest

from tests.harness import Todo


@pytest.fixture
def used(todo: Todo) -> Todo:
    """A person who did one thing each minute; task 2 is gone."""
    for argv in (
        ["add", "Buy milk", "--due", "2026-12-24", "-t", "shop"],
        ["add", "Call Ann"],
        ["edit", "1", "--title", "Buy oat milk", "-p", "high", "-t", "b", "--untag", "shop"],
        ["done", "1-2"],
        ["undo"],
        ["redo"],
        ["rm", "2", "-y"],
    ):
        todo.ok(*argv)
        todo.later(minutes=1)
    return todo


def test_a_terminal_gets_what_happened_in_words_newest_first(used: Todo) -> None:
    result = used("log", terminal=True)

    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "when              #  task          what\n"
        "─────────────────────────────────────────────────────────────────\n"
        "2026-11-20 13:06  2  Call Ann      removed\n"
        "2026-11-20 13:05  2  Call Ann      redo: done\n"
        "                  1  Buy oat milk  redo: done\n"
        "2026-11-20 13:04  2  Call Ann      undo: pending again\n"
        "                  1  Buy oat milk  undo: pending again\n"
        "2026-11-20 13:03  2  Call Ann      done\n"
        "                  1  Buy oat milk  done\n"
        "2026-11-20 13:02  1  Buy oat milk  title: Buy milk → Buy oat milk\n"
        "                                   priority: none → high\n"
        "                                   +b -shop\n"
        "2026-11-20 13:01  2  Call Ann      added\n"
        "2026-11-20 13:00  1  Buy oat milk  added\n"
    )


def test_a_pipe_gets_a_line_for_each_change(used: Todo) -> None:
    result = used("log", "1")

    assert (result.code, result.err) == (0, "")
    assert [row[:4] for row in result.rows] == [
        ["2026-11-20T12:05:00Z", "8", "1", "update"],
        ["2026-11-20T12:04:00Z", "6", "1", "update"],
        ["2026-11-20T12:03:00Z", "4", "1", "update"],
        ["2026-11-20T12:02:00Z", "3", "1", "update"],
        ["2026-11-20T12:00:00Z", "1", "1", "create"],
    ]
    assert result.rows[3][4] == (
        '{"title":["Buy milk","Buy oat milk"],"priority":["none","high"],'
        '"tags":{"added":["b"],"removed":["shop"]}}'
    )


def test_json_has_every_change_with_old_and_new_values(used: Todo) -> None:
    result = used("log", "--json", "--limit", "100")
    removed, redone, *_ = result.json

    assert (result.code, result.err, len(result.json)) == (0, "", 10)
    assert list(removed) == [
        "seq", "at", "command_id", "reverts", "machine", "task_id", "number", "title", "kind",
        "before", "after",
    ]  # fmt: skip
    assert (removed["seq"], removed["number"], removed["title"]) == (10, 2, "Call Ann")
    assert (removed["before"]["completed"], removed["after"]) == (True, None)
    assert redone["reverts"] == result.json[3]["command_id"]
    assert (redone["before"], redone["after"]) == (
        {"completed": False, "completed_at": None},
        {"completed": True, "completed_at": "2026-11-20T12:03:00Z"},
    )


@pytest.mark.parametrize("reference", ["2", "2-9", "@gone"])
def test_a_removed_task_still_has_its_log(used: Todo, reference: str) -> None:
    if reference == "@gone":
        reference = used("log", "2", "--json").json[0]["task_id"]
    result = used("log", reference, terminal=True)

    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "when              what\n"
        "─────────────────────────────────────\n"
        "2026-11-20 13:06  removed\n"
        "2026-11-20 13:05  redo: done\n"
        "2026-11-20 13:04  undo: pending again\n"
        "2026-11-20 13:03  done\n"
        "2026-11-20 13:01  added\n"
    )


def test_of_whatever_task_it_is_the_newest_change_says_so(used: Todo) -> None:
    assert used("log", "--limit", "1", terminal=True).out == (
        "when              #  task      what\n"
        "──────────────────────────────────────\n"
        "2026-11-20 13:06  2  Call Ann  removed\n"
    )


def test_limit_0_shows_every_change(todo: Todo) -> None:
    todo.ok("add", "-", stdin="x\n" * 25)

    assert len(todo("log", terminal=True).out.splitlines()) == 2 + 20
    shown = todo("log", "--limit", "0", terminal=True)
    assert (len(shown.out.splitlines()), shown.err) == (2 + 25, "")


def test_a_range_spans_what_is_there_and_what_is_gone(used: Todo) -> None:
    assert {row[2] for row in used("log", "1-9").rows} == {"1", "2"}


def test_last_is_found_after_its_removal(used: Todo) -> None:
    used.ok("add", "short-lived")
    used.ok("rm", "3", "-y")

    assert [row[2:4] for row in used("log", "@last").rows] == [["3", "delete"], ["3", "create"]]


def test_a_terminal_gets_the_newest_twenty(local: Todo) -> None:
    local.ok("add", "-", stdin="x\n" * 25)
    result = local("log", terminal=True)

    assert len(result.out.splitlines()) == 22
    assert result.err == "the newest 20; `--limit` shows more\n"
    assert len(local("log").rows) == 25


def test_limit_gives_as_many(local: Todo) -> None:
    local.ok("add", "-", stdin="x\n" * 5)
    some, all_ = local("log", "--limit", "2"), local("log", "--limit", "5", terminal=True)

    assert ([row[1] for row in some.rows], some.err) == (
        ["5", "4"],
        "the newest 2; `--limit` shows more\n",
    )
    assert (len(all_.out.splitlines()), all_.err) == (7, "")


def test_nothing_has_happened(todo: Todo) -> None:
    assert todo("log", terminal=True).err == "nothing has happened yet\n"
    assert todo("log", "--json").out == "[]\n"


@pytest.mark.parametrize("reference", ["3", "4-9", "abcd", "9007199254740993", "99999999999"])
def test_a_task_that_never_was_is_exit_3(used: Todo, reference: str) -> None:
    result = used("log", "1", reference)

    assert (result.code, result.out) == (3, "")
    assert result.err.endswith("hint: `todo list --all` shows every task\n")


@pytest.mark.parametrize(
    "argv", [["x!"], ["--limit", "-1"], ["--limit", "x"], ["--quiet"], ["abc"]], ids=str
)
def test_wrong_usage_is_exit_2(local: Todo, argv: list[str]) -> None:
    assert local("log", *argv).code == 2


CHOICES: list[tuple[list[str], list[int]]] = [
    (["--since", "today 13:05"], [10, 9, 8]),
    (["--until", "fri 13:01"], [2, 1]),
    (["--since", "2026-11-20 13:02", "--until", "today 13:03"], [5, 4, 3]),
    (["--since", "3 minutes ago", "--limit", "2"], [10, 9]),
    (["--since", "tomorrow"], []),
    (["--until", "last fri"], []),
    (["--command", "add"], [2, 1]),
    (["--command", "Edit"], [3]),
    (["--command", "done"], [5, 4]),
    (["--command", "undone"], []),
    (["--command", "rm"], [10]),
    (["--command", "undo"], [7, 6]),
    (["--command", "redo"], [9, 8]),
    (["1", "--command", "done"], [4]),
    (["2", "--command", "redo", "--since", "today"], [9]),
    (["project:none", "--command", "undo", "--until", "week"], [6]),
]


def test_time_and_command_choose_changes(used: Todo) -> None:
    """One store for all, since each costs more than the questions."""
    found = [[int(row[1]) for row in used.ok("log", *argv).rows] for argv, _ in CHOICES]

    assert found == [seqs for _, seqs in CHOICES]


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--command", "import"], "hint: did you mean `add`?"),
        (["--command", "note"], "hint: did you mean `edit`?"),
        (["--command", "remove"], "hint: did you mean `rm`?"),
        (["--command", "dnoe"], "hint: did you mean `done`?"),
        (["--command", "x"], "hint: choose from add, edit, done, undone, rm, undo, redo"),
        (["--command", ""], "error: the value of `--command` is empty"),
        (["--since", "tue..wed"], "hint: give its ends to `--since` and `--until`"),
        (["--since", "tue", "--until", "mon"], "error: `--until` is before `--since`"),
        (["--since", "nonsense"], "error: `nonsense` is not a date"),
        (["--since", "99999 years ago"], "error: `99999 years ago` is too far away"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_time_or_command_that_is_none_is_refused(
    local: Todo, argv: list[str], error: str
) -> None:
    result = local("log", *argv)

    assert (result.code, result.out) == (2, "")
    assert error in result.err.splitlines()


def test_undone_commands_of_many_tasks_are_a_line_each(todo: Todo) -> None:
    todo.ok("add", "-", stdin="x\n" * 6)
    for argv in (["done", "1-6"], ["undo"], ["edit", "1-5", "-p", "low"], ["undo"]):
        todo.ok(*argv)
    for argv in (["rm", "1-6", "-y"], ["undo"], ["redo"]):
        todo.ok(*argv)
    result = todo("log", "--limit", "18", terminal=True)

    assert [line[16:].split() for line in result.out.splitlines()[2:]] == [
        ["redo:", "6", "tasks", "removed"],
        ["undo:", "6", "tasks", "restored,", "redone", "since"],
        *([str(number), "x", "removed"] for number in range(6, 0, -1)),
        *(
            [str(number), "x", "undo:", "priority:", "low", "→", "none"]
            for number in range(5, 0, -1)
        ),
        *([str(number), "x", "priority:", "none", "→", "low"] for number in range(5, 0, -1)),
    ]
    assert result.err == "the newest 18; `--limit` shows more\n`--expand` shows every change\n"
    done = todo("log", "--command", "done", terminal=True)
    assert done.out.splitlines()[2].endswith("  6 tasks done, undone since")
    assert len(todo("log", "--command", "done", "--expand", terminal=True).out.splitlines()) == 8
    assert len(todo("log", "--command", "done").rows) == 6


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_hostile_title_is_shown_and_not_obeyed(local: Todo, width: int) -> None:
    local.ok("add", "[b]\x1b]0;t\x07")
    local.ok("edit", "1", "--title", "\x1b[2J\u202e")
    out = local("log", terminal=True, width=width).out + local("log").out

    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2J\\u202e" in out
