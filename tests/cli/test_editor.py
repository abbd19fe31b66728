"""`todo edit` without options: a task in a person's own editor."""

from __future__ import annotations

import json
import shlex
import stat
from pathlib import Path

import pytest

from tests.cli.editors import Editor, elsewhere
from tests.harness import Todo

HEAD = "# task 1: edit, save and close; close unchanged to cancel\n"
FILE = (
    "title: Buy milk\n"
    "done: no\n"
    "due: 2026-11-27 17:00\n"
    "priority: high\n"
    "project: home\n"
    "tags: a shop\n"
    "start:\n"
    "\n"
    "# not a comment\n"
    "\n"
    "two\n"
)


WIDE = 400
"""Columns in which no message with the path of a draft is wrapped."""

BOTH = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
"""What comes of two who write at once is the store's doing; the rest is the same on each."""


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.slow), "sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path / "editor")


@pytest.fixture
def used(todo: Todo) -> Todo:
    """A person with a task that has everything."""
    todo.ok(
        *("add", "Buy milk", "--description", "# not a comment\n\ntwo", "--due", "fri 17:00"),
        *("-p", "high", "-P", "home", "-t", "shop", "-t", "a"),
    )
    todo.later(minutes=5)
    return todo


def write(text: str) -> str:
    """The step that replaces the whole file."""
    return f'printf %s {shlex.quote(text)} > "$1"'


CHANGES = (
    " · due Fri 27 Nov 17:00 → Sat 21 Nov"
    " · description # not a comment\\n\\ntwo → # not a comment\\n\\nthree\n"
)


@BOTH
def test_the_file_shows_the_task_and_a_change_is_saved(used: Todo, editor: Editor) -> None:
    before = used.tasks()[0]
    step = 'sed -i "s/^title: .*/title: Buy bread/; s/^due: .*/due: tomorrow/; s/two/three/" "$1"'
    result = used("edit", "1", terminal=True, width=WIDE, env=editor.steps(step))

    assert (result.code, result.out, result.err) == (
        0,
        "",
        f"edited 1: Buy milk → Buy bread{CHANGES}",
    )
    assert editor.seen == [HEAD + FILE]
    assert used.tasks()[0] == before | {
        "title": "Buy bread",
        "due": "2026-11-21",
        "description": "# not a comment\n\nthree",
        "updated_at": "2026-11-20T12:05:00Z",
    }
    assert list(editor.drafts.iterdir()) == []


def test_a_file_left_as_it_is_changes_nothing(used: Todo, editor: Editor) -> None:
    before = used.tasks()
    result = used("edit", "1", terminal=True, env=editor.steps(":"))

    assert (result.code, result.out, result.err) == (0, "", "nothing to change\n")
    assert used.tasks() == before
    assert list(editor.drafts.iterdir()) == []


def test_the_draft_is_private(used: Todo, editor: Editor) -> None:
    used.ok("edit", "1", terminal=True, env=editor.steps('cp -rp "$(dirname "$1")" copy'))
    folder = editor.folder / "copy"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["1.todo"]
    assert stat.S_IMODE((folder / "1.todo").stat().st_mode) == 0o600


@BOTH
def test_every_field_can_be_cleared(used: Todo, editor: Editor) -> None:
    step = write("title: x\ndone: yes\ndue:\npriority: none\nproject:\ntags:\n\n")
    used.ok("edit", "1", terminal=True, env=editor.steps(step))
    task = used.tasks()[0]

    assert (task["completed"], task["completed_at"]) == (True, "2026-11-20T12:05:00Z")
    assert [task[name] for name in ("description", "due", "priority", "project", "tags")] == [
        None, None, "none", None, [],
    ]  # fmt: skip


def test_a_line_that_is_missing_is_an_empty_one(used: Todo, editor: Editor) -> None:
    used.ok("edit", "1", terminal=True, env=editor.steps(write("Title : only this")))
    task = used.tasks()[0]

    assert (task["title"], task["due"], task["project"], task["tags"]) == (
        "only this", None, None, [],
    )  # fmt: skip


def test_json_goes_to_standard_output(used: Todo, editor: Editor) -> None:
    env = editor.steps('sed -i "s/high/low/" "$1"')

    assert used("edit", "1", "--json", terminal=True, env=env).json == used.tasks()


def test_a_dry_run_saves_nothing(used: Todo, editor: Editor) -> None:
    before = used.tasks()
    env = editor.steps('sed -i "s/high/low/" "$1"')
    result = used("edit", "1", "--dry-run", terminal=True, env=env)

    assert (
        result.err
        == "edited 1: Buy milk · priority high → low\nthis was a dry run: nothing was changed\n"
    )
    assert used.tasks() == before


@pytest.mark.parametrize(
    ("bad", "good", "notice"),
    [
        (
            "s/^due: .*/due: tomorow/",
            "s/tomorow/tomorrow/",
            "# error: `tomorow` is not a date\n# hint: did you mean `tomorrow`?\n",
        ),
        ("s/^title: .*/title:/", "s/^title:/title: x/", "# error: the title is empty\n"),
        (
            "s/^tags: .*/colour: red/",
            "/^colour/d",
            "# error: `colour: red` is not a line of a task\n"
            "# hint: the lines are title, done, due, priority, project, tags, start;"
            " then an empty one, then the description\n",
        ),
        pytest.param(
            "s/^tags: .*/done: yes/",
            "s/done: yes/tags:/",
            "# error: `done` is there twice\n# hint: remove one of the two lines\n",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "s/^done: .*/done: maybe/",
            "s/maybe/yes/",
            "# error: done: `maybe` is neither `yes` nor `no`\n",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "s/^priority: .*/priority: urgent/",
            "s/urgent/low/",
            "# error: `urgent` is not a priority\n"
            "# hint: choose one of `none`, `low`, `medium`, `high`\n",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["due", "title", "line", "twice", "done", "priority"],
)
def test_an_invalid_file_goes_back_with_the_error_and_nothing_lost(
    used: Todo, editor: Editor, bad: str, good: str, notice: str
) -> None:
    steps = (f'sed -i "s/^two$/much work/; {bad}" "$1"', f'sed -i "{good}" "$1"')
    result = used("edit", "1", terminal=True, env=editor.steps(*steps))

    assert (result.code, result.err.startswith("edited 1: ")) == (0, True)
    assert editor.seen[1].startswith(
        f"{notice}# correct it, then save and close; close it unchanged to cancel\n{HEAD}"
    )
    assert editor.seen[1].count("# error") == 1
    assert used.tasks()[0]["description"] == "# not a comment\n\nmuch work"


def test_a_second_error_takes_the_place_of_the_first(used: Todo, editor: Editor) -> None:
    steps = ("s/^due: .*/due: 13/", "s/^due: .*/due: 14/", "s/^due: .*/due: fri/")
    env = editor.steps(*(f'sed -i "{step}" "$1"' for step in steps))
    used.ok("edit", "1", terminal=True, env=env)

    assert "`13` is not a complete date" in editor.seen[1]
    assert "`13` alone" not in editor.seen[2]
    assert used.tasks()[0]["due"] == "2026-11-27"


@pytest.mark.parametrize(
    ("last", "reason"),
    [(":", "you left the file as it was"), (': > "$1"', "you emptied the file")],
    ids=["unchanged", "emptied"],
)
def test_whoever_gives_up_after_an_error_finds_the_text(
    used: Todo, editor: Editor, last: str, reason: str
) -> None:
    before = used.tasks()
    env = editor.steps('sed -i "s/^two/much work/; s/^due: .*/due: 13/" "$1"', last)
    result = used("edit", "1", terminal=True, width=WIDE, env=env)
    (path,) = editor.drafts.glob("*/*")

    assert (result.code, result.out) == (1, "")
    assert result.err == (f"error: nothing was changed: {reason}\n  your text is kept in {path}\n")
    assert "due: 13\n" in path.read_text()
    assert path.read_text().endswith("much work\n")
    assert used.tasks() == before


def test_the_same_text_refused_twice_ends_with_the_error(used: Todo, editor: Editor) -> None:
    before = used.tasks()
    bad = write("title: much work\ndone: maybe\n")
    result = used("edit", "1", terminal=True, width=WIDE, env=editor.steps(bad, bad))
    (path,) = editor.drafts.glob("*/*")

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: done: `maybe` is neither `yes` nor `no`\n  your text is kept in {path}\n"
    )
    assert path.read_text() == "title: much work\ndone: maybe\n"
    assert used.tasks() == before


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_files_as_windows_editors_save_them_are_read(
    used: Todo, editor: Editor, mark: str, end: str
) -> None:
    text = mark + FILE.replace("Buy milk", "Buy bread").replace("\n", end)
    result = used("edit", "1", terminal=True, env=editor.steps(write(text)))

    task = used.tasks()[0]
    assert (result.code, result.err) == (0, "edited 1: Buy milk → Buy bread\n")
    assert (task["title"], task["description"]) == ("Buy bread", "# not a comment\n\ntwo")

    unchanged = mark + editor.seen[0].replace("Buy milk", "Buy bread").replace("\n", end)
    result = used("edit", "1", terminal=True, env=editor.steps("", write(unchanged)))
    assert (result.code, result.err) == (0, "nothing to change\n")


def test_an_emptied_file_changes_nothing(used: Todo, editor: Editor) -> None:
    before = used.tasks()
    result = used("edit", "1", terminal=True, env=editor.steps(': > "$1"'))

    assert (result.code, result.out) == (1, "")
    assert result.err == "error: nothing was changed: you emptied the file\n"
    assert (used.tasks(), editor.kept) == (before, [])


@pytest.mark.parametrize(
    ("end", "code", "err"),
    [
        ("exit 3", 1, "error: nothing was changed: the editor ended with exit code 3\n"),
        ("kill -TERM $$", 1, "error: nothing was changed: the editor ended with signal 15\n"),
        ("kill -INT $$", 130, ""),
        (
            'rm "$1"',
            1,
            "error: the file for the editor cannot be used: no such file or directory\n",
        ),
    ],
    ids=["failed", "terminated", "interrupted", "removed"],
)
def test_an_editor_that_fails_changes_nothing(
    used: Todo, editor: Editor, end: str, code: int, err: str
) -> None:
    before = used.tasks()
    result = used("edit", "1", terminal=True, env=editor.steps(end))

    assert (result.code, result.out, result.err) == (code, "", err)
    assert (used.tasks(), editor.kept) == (before, [])


@pytest.mark.parametrize("end", ["exit 3", "kill -INT $$"], ids=["failed", "interrupted"])
def test_what_was_saved_before_an_editor_failed_is_kept(
    used: Todo, editor: Editor, end: str
) -> None:
    env = editor.steps(f'sed -i "s/^two/much work/" "$1"; {end}')
    result = used("edit", "1", terminal=True, width=WIDE, env=env)
    (path,) = editor.drafts.glob("*/*")

    assert f"your text is kept in {path}\n" in result.err
    assert path.read_text() == HEAD + FILE.replace("two", "much work")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"EDITOR": "/no/such/editor"}, "the editor `/no/such/editor` cannot be started"),
        ({"EDITOR": "'vi"}, "the editor in EDITOR cannot be read: a quote is not closed"),
        ({"PATH": "/nowhere"}, "no editor was found"),
    ],
    ids=["missing", "quote", "none"],
)
def test_an_editor_that_cannot_be_started_is_exit_2(
    used: Todo, env: dict[str, str], message: str
) -> None:
    result = used("edit", "1", terminal=True, env=env)

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}\nhint: ")


def test_a_temporary_folder_that_is_not_there_is_told(used: Todo, editor: Editor) -> None:
    result = used("edit", "1", terminal=True, env=editor.steps() | {"TMPDIR": "/no/where"})

    assert result.code == 1
    assert result.err.startswith("error: the file for the editor cannot be used: no such file")


def test_only_one_task_can_be_edited_by_hand(used: Todo, editor: Editor) -> None:
    used.ok("add", "Call Ann")
    result = used("edit", "1-2", terminal=True, env=editor.steps())

    assert (result.code, editor.seen) == (3, [])
    assert result.err.startswith("error: give exactly one task, not 2\n  1  ")


def test_notes_stand_above_as_comments(todo: Todo, editor: Editor) -> None:
    note = {"entry": "20261102T090000Z", "description": "asked\ntitle: \x1b[2Jevil"}
    record = {"description": "Call", "status": "pending", "annotations": [note]}
    todo.ok("import", "-", "--format", "taskwarrior", stdin=json.dumps(record))
    notes = todo.tasks()[0]["notes"]
    todo.ok("edit", "1", terminal=True, env=editor.steps('sed -i "s/Call/Ask/" "$1"'))

    assert editor.seen[0].startswith(
        f"{HEAD}# 2026-11-02 10:00  asked\\ntitle: \\x1b[2Jevil\ntitle: Call\n"
    )
    assert (todo.tasks()[0]["title"], todo.tasks()[0]["notes"]) == ("Ask", notes)


@pytest.mark.parametrize(
    "title", ["#1 fix", "a: b", "a\nb", "\x1b[2J[b]\u202e", "done: yes", "x" * 200], ids=repr
)
@pytest.mark.parametrize(
    "description", ["\n\n# x\ntitle: y\n\n", " ", "a\r\nb", "\x1b]0;t\x07é中\u2028z"], ids=repr
)
def test_odd_text_that_nobody_touched_stays_to_the_letter(
    local: Todo, editor: Editor, title: str, description: str
) -> None:
    record = {"due": "2026-10-25T00:30:15Z", "project": "p\nq: r"}
    record |= {"title": title, "description": description}
    local.ok("import", "-", "--format", "json", stdin=json.dumps([record]))
    before = local.tasks()[0]
    local.ok(
        "edit", "1", terminal=True, env=editor.steps('sed -i "s/^priority:.*/priority: l/" "$1"')
    )

    assert local.tasks()[0] == before | {"priority": "low"}


def test_bytes_that_are_no_text_are_refused_and_come_back(used: Todo, editor: Editor) -> None:
    bad = 'sed -i "s/^title: .*/title: a$(printf \'\\377\')b/" "$1"'
    result = used("edit", "1", terminal=True, env=editor.steps(bad, ":"))
    (path,) = editor.drafts.glob("*/*")

    assert result.code == 1
    assert b"# error: the title is not valid UTF-8\n" in path.read_bytes()
    assert b"title: a\xffb\n" in path.read_bytes()


@BOTH
def test_what_others_change_in_other_fields_is_kept_and_told(used: Todo, editor: Editor) -> None:
    meanwhile = elsewhere("edit", "1", "-P", "work", "-t", "theirs", "--untag", "shop")
    step = 'sed -i "s/^title: .*/title: Mine/; s/^tags: .*/tags: a shop mine/" "$1"'
    result = used("edit", "1", terminal=True, env=editor.steps(f"{step}; {meanwhile}"))
    task = used.tasks()[0]

    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "edited 1: Buy milk → Mine · +mine\nalso changed elsewhere, and kept: project, tags\n"
    )
    assert (task["title"], task["project"], task["tags"]) == (
        "Mine",
        "work",
        ["a", "mine", "theirs"],
    )


@BOTH
def test_what_both_change_alike_is_no_conflict(used: Todo, editor: Editor) -> None:
    step = 'sed -i "s/^title: .*/title: Ours/; s/^done: .*/done: yes/" "$1"'
    meanwhile = f"{elsewhere('edit', '1', '--title', 'Ours')}; {elsewhere('done', '1')}"
    result = used("edit", "1", terminal=True, env=editor.steps(f"{step}; {meanwhile}"))

    assert (result.code, len(editor.seen)) == (0, 1)
    assert result.err.endswith("also changed elsewhere, and kept: title, completed\n")
    assert (used.tasks()[0]["title"], used.tasks()[0]["completed"]) == ("Ours", True)


CONFLICT = elsewhere(
    *("edit", "1", "--title", "Theirs", "--description", "their\ntext", "-p", "low", "-t", "theirs")
)
MINE = 'sed -i "s/^title: .*/title: Mine/; s/^two/my work/; s/^tags: .*/tags: mine/" "$1"'


@BOTH
def test_the_second_to_save_is_shown_the_first_ones_values(used: Todo, editor: Editor) -> None:
    env = editor.steps(f"{MINE}; {CONFLICT}", 'sed -i "1,/^# remove/d; s/Mine/Mine, surely/" "$1"')
    result = used("edit", "1", terminal=True, env=env)
    task = used.tasks()[0]

    assert editor.seen[1] == (
        "# task 1 was changed elsewhere while you were editing it\n"
        "# title is now: Theirs\n"
        "# description is now: their\n"
        "#   text\n"
        "# remove these lines and save to use your values; close it unchanged to cancel\n"
        + HEAD
        + "title: Mine\ndone: no\ndue: 2026-11-27 17:00\npriority: low\nproject: home\n"
        "tags: theirs mine\nstart:\n\n# not a comment\n\nmy work\n"
    )
    assert (result.code, result.err) == (
        0,
        "edited 1: Theirs → Mine, surely · +mine -a -shop · description their\\ntext → #\n"
        "not a comment\\n\\nmy work\n",
    )
    assert (task["title"], task["priority"]) == ("Mine, surely", "low")
    assert (task["description"], task["tags"]) == ("# not a comment\n\nmy work", ["mine", "theirs"])


@BOTH
def test_whoever_gives_up_after_a_conflict_loses_nothing(used: Todo, editor: Editor) -> None:
    result = used(
        "edit", "1", terminal=True, width=WIDE, env=editor.steps(f"{MINE}; {CONFLICT}", ":")
    )
    (path,) = editor.drafts.glob("*/*")

    assert result.code == 1
    assert result.err == (
        f"error: nothing was changed: you left the file as it was\n  your text is kept in {path}\n"
    )
    assert "title: Mine\n" in path.read_text()
    assert used.tasks()[0]["title"] == "Theirs"


@BOTH
def test_a_task_that_was_removed_meanwhile_is_told_and_the_text_kept(
    used: Todo, editor: Editor
) -> None:
    result = used(
        "edit",
        "1",
        terminal=True,
        width=WIDE,
        env=editor.steps(f"{MINE}; {elsewhere('rm', '1', '-y')}"),
    )
    (path,) = editor.drafts.glob("*/*")

    assert result.code == 1
    assert result.err == (
        "error: task 1 was removed while you were editing it\n"
        f"  your text is kept in {path}\n"
        "hint: `todo undo --any` may bring it back\n"
    )
    assert "title: Mine\n" in path.read_text()


def test_a_store_that_fails_while_saving_does_not_cost_the_text(
    local: Todo, editor: Editor
) -> None:
    local.ok("add", "Buy milk")
    damage = f"cd {shlex.quote(str(local.home))}; rm -f tasks.db-*; echo junk > tasks.db"
    result = local("edit", "1", terminal=True, width=WIDE, env=editor.steps(f"{MINE}; {damage}"))

    assert result.code == 5
    assert "is not an SQLite database\n  your text is kept in " in result.err
    assert "title: Mine\n" in editor.kept[0]


def test_an_interrupt_is_left_to_the_editor(local: Todo, editor: Editor) -> None:
    local.ok("add", "Buy milk")
    env = editor.steps(f"kill -INT $PPID; {MINE}")

    assert local("edit", "1", terminal=True, env=env).err == "edited 1: Buy milk → Mine\n"


LONG = f"Dear all {'word ' * 500}and the end"


@pytest.fixture
def cut(todo: Todo) -> Todo:
    """A person with a long description, and a title that is longer than its column."""
    row = {"uuid": "a1b2c3d4-0000-4000-8000-000000000001", "status": "pending"}
    row |= {"entry": "20261101T080000Z", "description": LONG[:900], "notes": LONG}
    todo.ok("import", "-", stdin=json.dumps(row))
    return todo


def exported(todo: Todo) -> tuple[str, str]:
    (row,) = json.loads(todo.ok("export", "--format", "taskwarrior").out)
    return row["description"], row["notes"]


@BOTH
def test_a_text_that_was_cut_is_edited_whole(cut: Todo, editor: Editor) -> None:
    before = cut.tasks()
    env = editor.steps('sed -i "s/Dear all/Dear everybody/; s/the end/THE END/" "$1"')
    result = cut("edit", "1", terminal=True, env=env)

    assert LONG in editor.seen[0]
    assert result.code == 0
    title, description = exported(cut)
    assert title == LONG[:900].strip().replace("Dear all", "Dear everybody")
    assert description == LONG.replace("Dear all", "Dear everybody").replace("the end", "THE END")
    assert len(cut.tasks()[0]["title"]) == 200
    cut.ok("undo")
    assert [task | {"updated_at": ""} for task in cut.tasks()] == [
        task | {"updated_at": ""} for task in before
    ]


def test_a_text_that_fits_now_is_no_longer_in_extra(cut: Todo, editor: Editor) -> None:
    env = editor.steps('sed -i "s/^Dear all.*/short/; s/^title: .*/title: also short/" "$1"')
    cut("edit", "1", terminal=True, env=env)

    assert exported(cut) == ("also short", "short")
    assert not {"title", "description"} & set(cut.tasks()[0]["extra"] or {})


def test_a_text_for_which_there_is_no_room_is_refused(cut: Todo, editor: Editor) -> None:
    many = "$(tr -d '\\n' </dev/zero | head -c 20000 | tr '\\0' x)"
    env = editor.steps(f'sed -i "s/^title: /&{many}/" "$1"', ":")
    result = cut("edit", "1", terminal=True, env=env, width=WIDE)

    assert "# error: the title is too long: there is no room for" in editor.seen[1]
    assert (result.code, exported(cut)[0]) == (1, LONG[:900])


@BOTH
def test_an_option_with_the_cut_text_keeps_the_rest(cut: Todo) -> None:
    task = cut.tasks()[0]
    for name in ("title", "description"):
        changed = task[name].replace("Dear all", "Dear me")
        cut.ok("edit", "1", f"--{name}", changed)

    assert exported(cut) == (
        LONG[:900].strip().replace("Dear all", "Dear me"),
        LONG.replace("Dear all", "Dear me"),
    )


def test_an_option_with_another_text_replaces_all_of_it(cut: Todo) -> None:
    cut.ok("edit", "1", "--description", "short")

    assert exported(cut)[1] == "short"


def test_a_text_that_was_cut_is_shown_whole(cut: Todo) -> None:
    shown = cut.ok("show", "1", terminal=True).out

    assert shown.count("and the end") == 1
    assert "extra.description" not in shown
