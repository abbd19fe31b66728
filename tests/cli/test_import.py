"""`todo import`: files, formats, and what is said of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import signal
import sqlite3
import subprocess
import uuid
from typing import Any

import pytest

from neontodo.tasks import importing
from tests.cli.test_process import popen
from tests.harness import Result, Todo

ID = "a1b2c3d4-0000-4000-8000-000000000001"


def file(todo: Todo, name: str, text: str) -> str:
    """A file where the person is."""
    todo.home.mkdir(exist_ok=True)
    (todo.home / name).write_text(text)
    return name


def records(*titles: str, **fields: Any) -> str:
    return json.dumps([{"title": title, **fields} for title in titles])


def whole_record(title: str, number: int) -> dict[str, Any]:
    """A task as our own export has it."""
    stamp = "2026-11-01T08:00:00Z"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{title} {number}")),
        "number": number,
        "title": title,
        "priority": "none",
        "created_at": stamp,
        "updated_at": stamp,
    }


def test_it_says_how_many_came(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk", "Rest"))

    assert todo("import", name) == Result(0, "", "imported 2 tasks\n")
    assert [task["title"] for task in todo.tasks()] == ["Buy milk", "Rest"]


def test_the_same_file_again_changes_nothing(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk", "Buy milk", "Rest"))
    todo.ok("import", name)
    before = todo.tasks()

    assert todo("import", name) == Result(0, "", "imported nothing; 3 are here already\n")
    assert todo.tasks() == before
    assert len(before) == 3


def test_an_undone_import_comes_again_with_its_numbers(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk", "Rest"))
    todo.ok("import", name)
    before = todo.tasks()
    todo.ok("undo")

    assert todo.tasks() == []
    assert todo("import", name).err == "imported 2 tasks\n"
    assert [(task["id"], task["number"]) for task in todo.tasks()] == [
        (task["id"], task["number"]) for task in before
    ]


def test_what_was_removed_here_stays_removed(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk", "Rest"))
    todo.ok("import", name)
    todo.ok("rm", "1", "--yes")

    assert todo("import", name).err == (
        "imported nothing; 1 is here already; skipped 1 that was removed here\n"
        "hint: `--restore` restores removed tasks\n"
    )
    assert todo("import", name, "--restore").err == "imported 1 task; 1 is here already\n"
    assert [task["number"] for task in todo.tasks()] == [1, 2]


def test_an_id_that_stands_twice_in_a_file_is_said(local: Todo) -> None:
    name = file(local, "tasks.json", json.dumps([{"title": t, "id": ID} for t in "abc"]))

    assert local("import", name).err == (
        "imported 1 task; skipped 2 whose ids occur more than once in the file\n"
    )


def test_what_was_removed_again_by_redo_stays_removed(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk"))
    todo.ok("import", name)
    todo.ok("rm", "1", "--yes")
    todo.ok("undo")
    todo.ok("redo")

    said = todo("import", name).err
    assert said.startswith("imported nothing; skipped 1 that was removed here\n")


def test_a_taken_number_is_said(todo: Todo) -> None:
    todo.ok("add", "-", stdin="mine\nmine too\n")
    name = file(todo, "tasks.json", json.dumps([whole_record("a", 2), {"title": "b"}]))

    assert todo("import", name).err == ("imported 2 tasks\nnumbers that were taken: 2 is now 3\n")


def test_of_many_taken_numbers_the_first_are_said(todo: Todo) -> None:
    todo.ok("add", "-", stdin="x\n" * 7)
    rows = [whole_record(f"t{n}", n) for n in range(1, 8)]

    assert todo("import", file(todo, "tasks.json", json.dumps(rows))).err == (
        "imported 7 tasks\n"
        "numbers that were taken: 1 is now 8, 2 is now 9, 3 is now 10, 4 is now 11, 5 is now 12, "
        "and 2 more\n"
    )


@pytest.mark.parametrize("format", ["json", "csv"])
def test_a_number_far_above_all_others_is_replaced(todo: Todo, format: str) -> None:
    rows = [whole_record("a", 4503599627370496), whole_record("b", 2)]
    text = json.dumps(rows)
    if format == "csv":
        table = io.StringIO()
        csv.writer(table).writerows([rows[0], *(row.values() for row in rows)])
        text = table.getvalue()
    assert todo("import", file(todo, f"t.{format}", text)).err == (
        "imported 2 tasks\nwarning: 1 number was replaced as too far above the others: "
        "4503599627370496 is now 3\n"
    )
    exported = todo.ok("export").out
    assert [(task["number"], task["extra"]) for task in json.loads(exported)] == [
        (2, None),
        (3, {"number": 4503599627370496}),
    ]
    assert todo.ok("add", "next", "-q").out == "4\n"


def test_json_says_which_numbers_were_replaced(todo: Todo) -> None:
    todo.ok("add", "mine")
    rows = [whole_record(f"t{n}", n) for n in (1, *range(10**9, 10**9 + 7))]
    result = todo.ok("import", file(todo, "t.json", json.dumps(rows)), "--json")

    assert (result.json["renumbered"], result.json["too_high"]) == (8, 7)
    assert result.json["numbers"]["1000000006"] == 9
    assert result.err == (
        "imported 8 tasks\nnumbers that were taken: 1 is now 2\n"
        "warning: 7 numbers were replaced as too far above the others: 1000000000 is now 3, "
        "1000000001 is now 4, 1000000002 is now 5, 1000000003 is now 6, 1000000004 is now 7, "
        "and 2 more\n"
    )


@pytest.mark.parametrize("format", ["json", "csv"])
def test_numbers_of_our_own_export_survive_in_an_empty_store(
    todo: Todo, local: Todo, format: str
) -> None:
    rows = [whole_record(f"t{n}", n) for n in (99_999, 5, 1)]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))
    exported = todo.ok("export", "--format", format).out
    again = Todo(local.home.with_name("again"))
    again.ok("import", "-", "--format", format, stdin=exported)

    assert again.ok("export", "--format", format).out == exported


def test_numbers_of_a_file_survive_in_any_order(todo: Todo) -> None:
    rows = [*(whole_record(f"t{n}", n) for n in (9, 2, 5)), {"title": "without"}]
    todo.ok("import", file(todo, "tasks.json", json.dumps(rows)))

    assert [(task["number"], task["title"]) for task in todo.tasks()] == [
        (2, "t2"), (5, "t5"), (9, "t9"), (10, "without"),
    ]  # fmt: skip
    assert todo.ok("add", "next", "-q").out == "11\n"


def test_deleted_tasks_are_skipped(todo: Todo) -> None:
    line = {"uuid": ID, "description": "x", "entry": "20181122T103257Z", "status": "deleted"}
    name = file(todo, "tw.json", json.dumps(line) + "\n")

    assert todo("import", name) == Result(0, "", "imported nothing; skipped 1 deleted\n")


def test_a_bad_record_refuses_the_whole_file(todo: Todo) -> None:
    name = file(todo, "t.json", '[{"title": "good"},\n{"title": ""},\n{"title": "x", "due": "?"}]')

    assert todo("import", name) == Result(
        2,
        "",
        "error: nothing was imported: 2 records cannot be read\n"
        "  record 2, line 2: title: empty\n"
        "  record 3, line 3: due: `?` is not like `2026-11-20` or `2026-11-20T20:30:00Z`\n"
        "hint: fix the file, or skip them with `--skip-bad`\n",
    )
    assert todo.tasks() == []


def test_bad_records_can_be_left_out(todo: Todo) -> None:
    name = file(todo, "t.json", '[{"title": "good"},\n{"title": ""}]')

    assert todo("import", name, "--skip-bad") == Result(
        0,
        "",
        "imported 1 task\n"
        "warning: left out 1 record that cannot be read\n"
        "  record 2, line 2: title: empty\n",
    )
    assert [task["title"] for task in todo.tasks()] == ["good"]


def test_of_very_many_bad_records_the_first_are_named(local: Todo) -> None:
    name = file(local, "t.json", records(*[""] * 1200))
    refused, skipped = local("import", name), local("import", name, "--skip-bad", "--json")

    assert refused.err.startswith("error: nothing was imported: 1200 records cannot be read\n")
    assert "\n  and 1190 more\nhint:" in refused.err
    assert skipped.err.endswith("\n  and 1190 more\n")
    assert (skipped.json["bad"], len(skipped.json["problems"])) == (1200, 1000)


def test_a_dry_run_reports_and_changes_nothing(todo: Todo) -> None:
    name = file(todo, "tasks.json", records("Buy milk"))

    assert todo("import", name, "--dry-run") == Result(
        0, "", "imported 1 task\nthis was a dry run: nothing was changed\n"
    )
    assert todo.tasks() == []
    assert "nothing to undo" in todo("undo").err


def test_json_reports_everything(todo: Todo) -> None:
    todo.ok("add", "mine")
    rows = [whole_record("a", 1), {"title": ""}]
    result = todo.ok("import", file(todo, "t.json", json.dumps(rows)), "--json", "--skip-bad")

    assert list(result.json.items()) == [
        ("added", 1),
        ("already_here", 0),
        ("repeated", 0),
        ("removed_here", 0),
        ("skipped", {}),
        ("renumbered", 1),
        ("numbers", {"1": 2}),
        ("too_high", 0),
        ("bad", 1),
        ("problems", ["record 2, line 1: title: empty"]),
        ("incomplete", False),
        ("not_understood", {}),
        ("updated", 0),
        ("differing", 0),
        ("differences", {}),
        ("foreign", 0),
        ("schedules", {}),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "title,tags\nBuy milk,shop\n"),
        ("t.txt", "(A) Buy milk @shop\n"),
        ("t.todo", "Buy milk @shop\n"),
        ("t.json", '[{"title": "Buy milk", "tags": ["shop"]}]'),
        ("t.json", '{"description": "Buy milk", "status": "pending", "tags": ["shop"]}'),
    ],
)
def test_the_name_tells_the_format(local: Todo, name: str, text: str) -> None:
    local.ok("import", file(local, name, text))

    assert [(task["title"], task["tags"]) for task in local.tasks()] == [("Buy milk", ["shop"])]


def test_an_option_overrules_the_name(local: Todo) -> None:
    local.ok("import", file(local, "t.json", "Buy milk @shop\n"), "--format", "todotxt")

    assert local.tasks()[0]["tags"] == ["shop"]


def test_standard_input(todo: Todo) -> None:
    assert todo("import", "-", stdin=records("Buy milk")).err == "imported 1 task\n"
    assert todo("import", "-", "--format", "csv", stdin="title\nRest\n").code == 0
    assert [task["title"] for task in todo.tasks()] == ["Buy milk", "Rest"]


@pytest.mark.parametrize(
    ("argv", "stdin", "error"),
    [
        (["nowhere.json"], "", "error: no such file: `nowhere.json`\n"),
        (["."], "", "error: `.` is a folder\nhint: name a file in it\n"),
        (["a\0b"], "", "error: `a\\x00b` cannot be read: not a usable name\n"),
        (
            ["-"],
            "hello",
            "error: cannot tell the format of standard input\n"
            "hint: name it with `--format`: json, csv, todotxt, taskwarrior\n",
        ),
        (
            ["-", "--format", "xml"],
            "",
            "error: invalid value for `--format`: `xml` is not one of json, csv, todotxt, "
            "taskwarrior\nhint: `todo import --help` shows how it is used\n",
        ),
    ],
    ids=["missing", "folder", "nul", "unknown-format", "no-such-format"],
)
def test_what_cannot_be_read_is_wrong_usage(
    local: Todo, argv: list[str], stdin: str, error: str
) -> None:
    local.ok("add", "mine")

    assert local("import", *argv, stdin=stdin) == Result(2, "", error)


def test_text_of_a_file_is_shown_but_never_obeyed(local: Todo) -> None:
    name = file(local, "t.json", json.dumps([{"title": "x", "id": "\x1b[31m\u202e"}]))

    error = local("import", name).err
    assert "\x1b" not in error
    assert "`\\x1b[31m\\u202e` is not a UUID" in error


def test_a_pipe_in_a_file_s_place_is_read_to_its_end(local: Todo) -> None:
    fifo = local.home / "pipe.json"
    local.home.mkdir()
    os.mkfifo(fifo)
    running = popen(local, "import", str(fifo))
    fifo.write_text(records("Buy milk"))

    assert running.communicate()[1] == b"imported 1 task\n"


def test_what_is_typed_ends_with_the_first_ctrl_d(local: Todo) -> None:
    screen, side = pty.openpty()
    os.write(screen, b"title\nRest\n\x04Later\n\x04\x04")
    running = popen(local, "import", "-", "--format", "csv", stdin=side)

    assert running.communicate()[1] == b"imported 1 task\n"
    os.close(side)
    os.close(screen)


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_half_done(local: Todo) -> None:
    local.ok("add", "mine")
    name = file(local, "t.json", records(*(f"t{n}" for n in range(60_000))))
    running = popen(local, "import", str(local.home / name))
    while not is_being_written(local):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)

    assert (running.communicate()[1], running.returncode) == (b"", 130)
    assert [task["title"] for task in local.tasks()] == ["mine"]


def is_being_written(todo: Todo) -> bool:
    with contextlib.closing(sqlite3.connect(todo.home / "tasks.db", timeout=0)) as store:
        try:
            store.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def taskwarrior_lines(damage: dict[int, str]) -> str:
    """A thousand records, one a line, with these characters in the descriptions of some."""
    lines = (
        f'{{"description": "t{n}{damage.get(n, "")}", "status": "pending", "id": {n}}}'
        for n in range(1, 1001)
    )
    return "[\n" + ",\n".join(lines) + "\n]\n"


def test_a_broken_record_in_a_line_of_its_own_hides_no_other(local: Todo) -> None:
    name = file(local, "tw.json", taskwarrior_lines({400: "\x01", 401: "\t", 500: "\\q", 501: '"'}))
    result = local("import", name, "--skip-bad")

    assert result.err.startswith(
        "imported 998 tasks\n"
        "warning: left out 2 records that cannot be read\n"
        "  record 500, line 501: broken JSON: invalid \\escape\n"
        "  record 501, line 502: broken JSON: expecting ',' delimiter\n"
    )
    assert result.code == 0


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        (
            "cut.json",
            taskwarrior_lines({})[:-100],
            "record 999 and everything after it, from line 1000: the file ends inside it",
        ),
        (
            "one-line.json",
            taskwarrior_lines({500: "\\q"}).replace("\n", ""),
            "record 500 and everything after it, from line 1: broken JSON: invalid \\escape",
        ),
        (
            "ours.json",
            json.dumps([{"title": n and "x"} for n in range(20)] + [{"title": "x"}])[:-1],
            "record 22 and everything after it, from line 1: the file ends before the closing `]`",
        ),
        (
            "quote.csv",
            'title,project\na,\n"b,\nc,\nd,\n',
            "line 3 and everything after it: a quote is not closed, or stands inside a value",
        ),
        (
            "quotes.csv",
            'title,project\na,\n"b,\nc,\n"d",\ne,\n',
            "lines 3–5: a quote is not closed, or stands inside a value",
        ),
    ],
)
def test_records_that_a_broken_one_hides_are_said_and_no_success(
    local: Todo, name: str, text: str, place: str
) -> None:
    name = file(local, name, text)
    refused, skipped = local("import", name), local("import", name, "--skip-bad", "--json")

    assert refused.code == 2
    assert refused.err.startswith("error: nothing was imported: at least ")
    assert f" cannot be read\n  {place}\n" in refused.err
    assert skipped.code == 1
    assert skipped.json["incomplete"] is True
    assert skipped.json["problems"][0] == place
    assert skipped.json["added"] == len(local.tasks()) > 0
    assert f" cannot be read\n  {place}\n" in skipped.err


def test_skipping_every_record_is_no_success(local: Todo) -> None:
    name = file(local, "t.json", records("", ""))

    assert local("import", name, "--skip-bad").code == 1
    assert local("import", name, "--skip-bad", "--dry-run").code == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "Title,Status,Due Date,Labels\na,Done,2026-12-01,work\n"),
        (
            "t.json",
            '[{"title": "a", "state": "CLOSED", "due_date": "2026-12-01", "labels": ["work"]}]',
        ),
        (
            "tw.json",
            '{"description": "a", "status": "done", "due": "2026-12-01", "tags": "work"}\n',
        ),
    ],
)
def test_other_programs_names_and_words_are_understood(local: Todo, name: str, text: str) -> None:
    assert local("import", file(local, name, text)) == Result(0, "", "imported 1 task\n")

    (task,) = json.loads(local.ok("export").out)
    assert (task["completed"], task["due"], task["tags"]) == (True, "2026-12-01", ["work"])


@pytest.mark.parametrize("option", ["--json", "--dry-run"])
def test_fields_that_are_not_understood_are_named_with_their_counts(
    local: Todo, option: str
) -> None:
    rows = [{"title": f"t{n}", "Status": "In review", "Foo": n < 3 or None} for n in range(5)]
    result = local.ok("import", file(local, "t.json", json.dumps(rows)), option)

    assert "\nkept in `extra`, not understood: Status (5), Foo (3)\n" in result.err
    if option == "--json":
        assert result.json["not_understood"] == {"Status": 5, "Foo": 3}


def test_of_many_fields_that_are_not_understood_the_most_frequent_are_named(local: Todo) -> None:
    text = "title," + ",".join(f"c{n}" for n in range(12)) + "\na" + ",1" * 12 + "\n"

    assert local("import", file(local, "t.csv", text)).err == (
        "imported 1 task\nkept in `extra`, not understood: "
        "c0 (1), c1 (1), c2 (1), c3 (1), c4 (1), c5 (1), c6 (1), c7 (1), c8 (1), c9 (1), "
        "and 2 more\n"
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "TYPE,CONTENT,PRIORITY\nsection,Home,\ntask,Paint,4\n",
            "error: this is a file of Todoist's, which todo cannot read yet: nothing was imported\n"
            "hint: keep the rows whose `TYPE` is `task`, and name the column `CONTENT` `title`\n",
        ),
        (
            "Foo,Bar\n1,2\n",
            "error: nothing was imported: no column `title` among `Foo`, `Bar`\n"
            "hint: name the columns in the first row, as `todo help formats` says\n",
        ),
    ],
)
@pytest.mark.parametrize("options", [[], ["--skip-bad"]])
def test_a_table_of_something_else_is_refused_whole(
    local: Todo, text: str, error: str, options: list[str]
) -> None:
    assert local("import", file(local, "t.csv", text), *options) == Result(2, "", error)
    assert local.tasks() == []


def test_a_second_project_of_a_todotxt_line_is_found_and_given_back(todo: Todo) -> None:
    name = file(todo, "todo.txt", "buy nails +garage +home @shop\n")
    todo.ok("import", name)

    for argv in (("list", "--tag", "home"), ("search", "home"), ("list", "-P", "garage")):
        assert todo.ok(*argv, "-q").out == "1\n"
    assert "home" in todo.ok("tags").out
    todo.ok("edit", "1", "--priority", "high")
    exported = todo.ok("export", "--format", "todotxt").out
    assert exported == "(A) buy nails +garage +home @shop\n"


def test_a_file_in_another_encoding_is_refused_with_what_to_do(local: Todo) -> None:
    name = file(local, "excel.csv", "")
    (local.home / name).write_bytes("title;tags\ncafé;\ntea;Über\nrest;\n".encode("cp1252"))
    advice = (
        "hint: the file is not UTF-8: try `--encoding windows-1252`, convert it with "
        "`iconv -f WINDOWS-1252 -t UTF-8`, or save it from Excel as `CSV UTF-8`\n"
    )
    problems = "  line 2: title: is not valid UTF-8\n  line 3: tags: a tag is not valid UTF-8\n"

    assert local("import", name) == Result(
        2, "", f"error: nothing was imported: 2 records cannot be read\n{problems}{advice}"
    )
    assert local("import", name, "--skip-bad", "--dry-run").err == (
        "imported 1 task\nwarning: left out 2 records that cannot be read\n"
        f"{problems}{advice}this was a dry run: nothing was changed\n"
    )
    assert local("import", name, "--encoding", "windows-1252").err == "imported 3 tasks\n"
    assert [task["title"] for task in local.tasks()] == ["café", "tea", "rest"]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252", "utf-8-sig"])
def test_every_encoding_of_text_can_be_named(local: Todo, encoding: str) -> None:
    name = file(local, "t.json", "")
    text = '[{"title": "café"},' + " " * 100_000 + '{"title": "Ü"}]'
    (local.home / name).write_bytes(text.encode(encoding))

    assert local("import", name, "--encoding", encoding).err == "imported 2 tasks\n"
    assert [task["title"] for task in local.tasks()] == ["café", "Ü"]


def test_a_pipe_may_have_an_encoding_too(local: Todo) -> None:
    argv = ("import", "-", "--encoding", "cp1252", "--format", "todotxt")
    program = popen(local, *argv, stdin=subprocess.PIPE)

    assert program.communicate("café\nÜ\n".encode("cp1252"))[1] == b"imported 2 tasks\n"
    assert [task["title"] for task in local.tasks()] == ["café", "Ü"]


@pytest.mark.parametrize(
    ("encoding", "error"),
    [
        (
            "ascii",
            "error: `t.txt` is not text in ascii\nhint: name another one with `--encoding`\n",
        ),
        *(
            (name, f"error: there is no encoding `{name}`\nhint: try `windows-1252`, or `utf-16`\n")
            for name in ("klingon", "hex")
        ),
    ],
)
def test_an_encoding_that_is_not_the_file_s_is_refused(
    local: Todo, encoding: str, error: str
) -> None:
    name = file(local, "t.txt", "café\n")

    assert local("import", name, "--encoding", encoding) == Result(2, "", error)


def taskwarrior(title: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    """A task as `task export` writes it."""
    task_id = str(uuid.UUID(int=number, version=4))
    whole = {"id": 1, "description": title, "uuid": task_id, "status": "pending", "urgency": 1.5}
    return whole | {"entry": "20261101T080000Z", "modified": "20261101T080000Z"} | fields


DAY = "20261201T000000Z"


def test_repeating_tasks_are_counted_and_waiting_ones_wait(local: Todo) -> None:
    rows = [
        taskwarrior("a", 1, status="recurring", recur="weekly", wait="20301101T080000Z"),
        taskwarrior("b", 2, status="waiting", wait="20301101T080000Z"),
        taskwarrior("c", 3, wait="20301101T080000Z"),
        taskwarrior("d", 4, wait="20201101T080000Z"),
        taskwarrior("e", 5, status="completed", recur="weekly", wait="20301101T080000Z"),
    ]
    name = file(local, "t.json", json.dumps(rows))
    result = local("import", name, "--json")

    assert result.err == (
        "imported 5 tasks\n1 repeats in the file; todo cannot do that yet: it is pending now\n"
    )
    assert result.json["schedules"] == {"repeating": 1}
    assert local.ok("list", "is:waiting", "-q", "--sort", "number").out.split() == ["1", "2", "3"]
    assert local.ok("list", "-q").out == "4\n"
    assert "repeats" not in local("import", name).err


def test_a_day_of_taskwarrior_is_the_same_in_another_time_zone(local: Todo) -> None:
    name = file(local, "t.json", json.dumps([taskwarrior("a", due=DAY, wait=DAY)]))
    local.ok("import", name)
    for start in (None, "2026-12-01T00:00Z"):
        if start:
            local.ok("edit", "1", "--start", start)
        for zone in ("UTC", "Europe/Berlin"):
            again = local("import", name, env={"TZ": zone})
            assert again.err == "imported nothing; 1 is here already\n", (start, zone)
    local.ok("edit", "1", "--start", "2026-12-02")
    assert "1 (start)" in local("import", name, env={"TZ": "Europe/Berlin"}).err


def test_repeating_lines_of_todotxt_are_counted_and_waiting_ones_wait(local: Todo) -> None:
    text = "Water rec:1w\nx Rest rec:1w\nPay t:2026-12-01\nCall t:2026-11-01\n"

    assert local("import", file(local, "t.txt", text)).err.splitlines()[1] == (
        "1 repeats in the file; todo cannot do that yet: it is pending now"
    )
    assert local.ok("list", "is:waiting", "-q").out == "3\n"


def show(todo: Todo, number: int) -> Any:
    return todo.ok("show", str(number), "--json").json


OLDER, NEWER = "20261101T080000Z", "20261102T080000Z"


@pytest.mark.parametrize("chunk", [2, 9], ids=["far", "near"])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("status", ["completed", "deleted"])
def test_of_two_records_of_a_task_the_newest_counts(
    local: Todo, monkeypatch: pytest.MonkeyPatch, status: str, newest_first: bool, chunk: int
) -> None:
    pair = [
        taskwarrior("old", modified=OLDER),
        taskwarrior("new", modified=NEWER, status=status, end=NEWER),
    ]
    first, last = reversed(pair) if newest_first else pair
    others = [{"description": f"t{n}", "status": "pending"} for n in range(3)]
    monkeypatch.setattr(importing, "CHUNK", chunk)
    local.ok("import", file(local, "t.json", json.dumps([first, *others, last])))

    found = [task for task in local.tasks() if task["title"] in ("old", "new")]
    expected = [("new", True)] if status == "completed" else []
    assert [(task["title"], task["completed"]) for task in found] == expected
    assert len(local.tasks()) == 3 + len(expected)
    local.ok("undo")
    assert local.tasks() == []
    local.ok("redo")
    assert len(local.tasks()) == 3 + len(expected)


@pytest.mark.parametrize("chunk", [2, 9], ids=["far", "near"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_the_newest_of_two_records_changes_the_task_here_once(
    todo: Todo, monkeypatch: pytest.MonkeyPatch, newest_first: bool, chunk: int
) -> None:
    todo.ok("import", file(todo, "t.json", json.dumps([taskwarrior("first")])))
    pair = [taskwarrior("old", modified=OLDER), taskwarrior("new", modified=NEWER)]
    first, last = reversed(pair) if newest_first else pair
    others = [{"description": f"t{n}", "status": "pending"} for n in range(3)]
    monkeypatch.setattr(importing, "CHUNK", chunk)
    name = file(todo, "u.json", json.dumps([first, *others, last]))

    said = todo("import", name, "--dry-run").err
    assert "1 that is here differs from what is imported: 1 (title)\n" in said
    todo.ok("import", name, "--update")
    assert show(todo, 1)["title"] == "new"
    todo.ok("undo")
    assert [task["title"] for task in todo.tasks()] == ["first"]


def test_tasks_here_that_differ_from_the_file_are_named_and_left(todo: Todo) -> None:
    rows = [taskwarrior(f"t{n}", n) for n in range(1, 5)]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))
    before = todo.tasks()
    rows[1] |= {"description": "renamed", "tags": ["b", "a"]}
    rows[2] |= {"status": "completed", "end": NEWER, "urgency": 9, "id": 7}
    rows[3] |= {"annotations": [{"entry": NEWER, "description": "see below"}], "urgency": 0.5}
    rows[0] |= {"urgency": 3, "id": 9, "modified": NEWER}
    result = todo("import", file(todo, "u.json", json.dumps(rows)), "--json")

    assert result.err == (
        "imported nothing; 4 are here already\n"
        "3 that are here differ from what is imported: 2 (title, tags), 3 (done), 4 (notes)\n"
        "hint: `--update` changes them to what the file has\n"
    )
    assert (result.json["already_here"], result.json["differing"]) == (4, 3)
    assert result.json["differences"] == {"2": ["title", "tags"], "3": ["done"], "4": ["notes"]}
    assert todo.tasks() == before


def test_update_takes_what_the_file_has_and_undo_gives_it_back(todo: Todo) -> None:
    rows = [taskwarrior(f"t{n}", n, project="p", due=OLDER) for n in range(1, 4)]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))
    todo.ok("edit", "1", "--description", "ours")
    before = todo.tasks()
    rows[0] |= {"description": "renamed", "priority": "H"}
    del rows[0]["project"], rows[1]["due"]
    rows[1] |= {"status": "completed", "end": NEWER}
    name = file(todo, "u.json", json.dumps([*rows, taskwarrior("t4", 4)]))
    shown = "updated from the file: 1 (title, priority, project), 2 (done, due)\n"
    said = f"imported 1 task; updated 2 tasks; 1 is here already\n{shown}"

    assert todo("import", name, "--update", "--dry-run").err.startswith(said)
    assert todo.tasks() == before
    assert todo("import", name, "--update").err == said
    first, second = show(todo, 1), show(todo, 2)
    assert (first["title"], first["priority"], first["project"]) == ("renamed", "high", None)
    assert first["description"] == "ours"
    assert second["completed_at"] == "2026-11-02T08:00:00Z"
    assert second["due"] is None
    assert todo("import", name, "--update").err == "imported nothing; 4 are here already\n"
    todo.ok("undo")
    assert content(todo) == [task | {"updated_at": ""} for task in before]


def content(todo: Todo) -> list[dict[str, Any]]:
    return [task | {"updated_at": ""} for task in todo.tasks()]


@pytest.mark.parametrize("format", ["json", "csv"])
def test_our_own_export_is_a_file_to_update_from(todo: Todo, format: str) -> None:
    todo.ok("add", "Buy milk", "--due", "2026-12-24", "-P", "home", "-t", "shop")
    todo.ok("add", "Rest", "--description", "long", "-p", "high")
    exported = todo.ok("export", "--format", format).out
    before = content(todo)
    todo.ok("edit", "1", "--title", "x", "--due", "none", "--untag", "shop")
    todo.ok("edit", "2", "--due", "tomorrow", "--project", "work", "-p", "none")
    todo.ok("done", "2")
    arguments = ("import", "-", "--format", format, "--update")

    assert todo(*arguments, stdin=exported).err == (
        "imported nothing; updated 2 tasks\n"
        "updated from the file: 1 (title, due, tags), 2 (done, due, priority, project)\n"
    ).replace("imported nothing; ", "")
    assert content(todo) == before


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("json", '[{"id": "ID", "title": "Buy oat milk", "due": null}]'),
        ("json", '[{"id": "ID", "Name": "Buy oat milk", "Due date": null, "Status": "In review"}]'),
        ("csv", "id,Name,Due date,Status\nID,Buy oat milk,,In review\n"),
    ],
)
def test_a_part_of_a_record_updates_that_part(todo: Todo, format: str, text: str) -> None:
    todo.ok("add", "Buy milk", "--description", "skimmed", "--due", "2026-12-24", "-t", "shop")
    todo.ok("done", "1")
    task_id = show(todo, 1)["id"]

    todo.ok("import", "-", "--format", format, "--update", stdin=text.replace("ID", task_id))
    found = show(todo, 1)
    assert (found["title"], found["due"]) == ("Buy oat milk", None)
    assert (found["completed"], found["description"], found["tags"]) == (True, "skimmed", ["shop"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '[{"number": 48213, "title": "Login fails"}]'),
        ("t.csv", "number,title\n48213,Login fails\n"),
    ],
)
def test_a_number_of_another_program_is_kept_in_extra(todo: Todo, name: str, text: str) -> None:
    result = todo("import", file(todo, name, text), "--json")

    assert result.err == (
        "imported 1 task\nnumbers of another program are kept in `extra`: 48213 is now 1\n"
    )
    assert (result.json["foreign"], result.json["numbers"]) == (1, {"48213": 1})
    assert show(todo, 1)["extra"] == {"number": 48213}
    assert todo.ok("add", "next", "-q").out == "2\n"
    assert todo("import", name, "--update").err == "imported nothing; 1 is here already\n"


def test_the_number_of_taskwarrior_is_kept_in_extra(todo: Todo) -> None:
    rows = [taskwarrior("a", 1, id=48213)]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))

    assert show(todo, 1)["extra"]["taskwarrior"]["id"] == 48213
    assert json.loads(todo.ok("export", "--format", "taskwarrior").out)[0]["id"] == 48213


def test_search_finds_notes_and_what_was_cut(todo: Todo) -> None:
    note = {"entry": OLDER, "description": "Asked Zo\u00eb"}
    rows = [
        taskwarrior("Call the dentist", 1, annotations=[note]),
        taskwarrior(f"{'word ' * 38}straddling {'more ' * 100}finale", 2),
        taskwarrior("long", 3, notes=f"{'text ' * 500}epilogue"),
    ]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))

    for word, number in (("zoe", 1), ("straddling", 2), ("finale", 2), ("epilogue", 3)):
        assert todo.ok("search", word, "-q").out == f"{number}\n"
    todo.ok("edit", "1", "2", "-t", "new")
    assert todo.ok("search", "asked", "-q").out == "1\n"
    todo.ok("edit", "2", "--title", "another")
    assert todo("search", "finale", "-q").out == ""


def test_search_text_keeps_within_the_limit_of_the_database(todo: Todo) -> None:
    notes = [{"entry": OLDER, "description": "\ufdfa " * 50 + f"note{n}"} for n in range(60)]
    rows = [taskwarrior("x", 1, annotations=notes, tags=["\u00e4"], project="\u00fc")]
    todo.ok("import", file(todo, "t.json", json.dumps(rows)))

    assert todo.ok("search", "x", "-q").out == "1\n"


@pytest.mark.parametrize("spoilt", ["number = 'none'", "extra = '[1]'"])
def test_a_task_that_cannot_be_read_stays_as_it_is(local: Todo, spoilt: str) -> None:
    local.ok("add", "-", stdin="one\ntwo\n")
    local.ok("export", "x.json")
    with contextlib.closing(sqlite3.connect(local.home / "tasks.db")) as store:
        store.execute(f"UPDATE tasks SET {spoilt} WHERE title = 'one'")
        store.commit()

    imported = local("import", "x.json", "--update")
    assert imported == Result(0, "", "imported nothing; 2 are here already\n")
