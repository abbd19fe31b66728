"""Words of `todo add` that set fields."""

from __future__ import annotations

import shlex
from typing import Any

from neontodo.cli.commands.help import read_topic
from neontodo.cli.inline_words import KEYS
from tests.harness import Todo

KEPT = "quote the whole title to keep it as text"


def add(todo: Todo, line: str, **streams: Any) -> dict[str, Any]:
    """Add a task as a shell does it; return what of it is not empty, without what each has."""
    (task,) = todo.ok("add", "--json", *shlex.split(line), **streams).json
    own = ("title", "due", "priority", "project", "tags", "description")
    return {name: task[name] for name in own if task[name] not in (None, [], "none")}


def test_a_word_of_its_own_sets_a_field(local: Todo) -> None:
    for line, fields in (
        ("Fix login +work due:fri p:high", {"tags": ["work"], "due": "2026-11-27"}),
        ("p:h due:fri +work Fix login", {"tags": ["work"], "due": "2026-11-27"}),
        ("Fix +a login priority:high tag:b -t c", {"tags": ["a", "b", "c"]}),
        ("Fix due:'next week' login P:high", {"due": "2026-11-23"}),
        ("Fix login project:'Food and more' p:high", {"project": "Food and more"}),
        ("Fix login +été Project:Ä/家 p:high", {"project": "Ä/家", "tags": ["été"]}),
        ("Fix login project:none due:none p:high", {}),
    ):
        assert add(local, line) == {"title": "Fix login", "priority": "high", **fields}


def test_what_was_understood_is_said(local: Todo) -> None:
    for line, said in (
        ("Fix login +work due:fri p:high", "1: Fix login · due Fri 27 Nov · +work · high"),
        (
            "x -t b +a -P 'a b' -d '2027-01-04 17:00'",
            "2: x · due Mon 4 Jan 2027 17:00 · project a b · +a +b",
        ),
        ("x --description y due:none", "3: x"),
    ):
        assert local.ok("add", *shlex.split(line)).err == f"added {said}\n"
    lines = local.ok("add", "-", "--inline", stdin="a p:low\nb")
    assert lines.err == "added 4: a · low\nadded 5: b\n"
    assert local.ok("add", "-", "-t", "x", stdin="a\n" * 6).err == "added 6 tasks: 6–11\n"


def test_other_words_are_text(local: Todo) -> None:
    for line in (
        "re: +1 +49 30 + x:y 10:30 http://a.example is:done due://x c++ a+b -- -x",
        "'Fix login +work due:fri'",
        "-- Fix login +work due:fri",
        "'Fix +work login' '+work or play' 'p: why'",
    ):
        words = [word for word in shlex.split(line) if word != "--"]
        assert add(local, line) == {"title": " ".join(words)}


def test_a_value_that_cannot_be_used_adds_nothing(local: Todo) -> None:
    for line, error, hint in (
        ("x due:bogus", "`due:bogus`: `bogus` is not a date", f"2026-12-24`; {KEPT}"),
        ("x due:\x1b[31m", "`due:\\x1b[31m`: `\\x1b[31m` is not a date", KEPT),
        ("x p:urgent", "`p:urgent`: `urgent` is not a priority", f"`high`; {KEPT}"),
        ("x +a,b", "`+a,b`: the tags cannot be used: tag 'a,b' holds a space or a comma", KEPT),
        ("x +a\0", "`+a\\x00`: the tags cannot be used: holds a NUL character", KEPT),
        (f"x project:{'y' * 101}", "the project is longer than 100 characters", KEPT),
        ("x due:fri due:mon", "`due:mon`: the due is given twice", f"give it once; {KEPT}"),
        ("x p:h --priority low", "`p:h`: the priority is given twice", f"give it once; {KEPT}"),
        ("due:fri", "there is no title beside `due:fri`", "write `--` before"),
        ("- --inline", "line 2: `due:bogus`: `bogus` is not a date", "without `--inline`"),
        (f"x{' +t{}' * 9999}".format(*range(9999)), "more than 10,000 characters", ""),
    ):
        refused = local("add", *line.split(" "), stdin="a\nb due:bogus")
        first, *rest = refused.err.splitlines()

        assert (refused.code, refused.out, error in first) == (2, "", True), refused
        assert hint in "".join(rest)
    assert local.tasks() == []


def test_a_word_that_was_probably_meant_for_a_field_is_warned_of(local: Todo) -> None:
    for key, value, names in (
        ("due", "fri", "du dua deu duee de"),
        ("priority", "h", "pri priorty"),
        ("project", "x", "proj projects"),
        ("tag", "x", "tags"),
    ):
        words = [f"{name}:{value}" for name in names.split()]
        warned = local.ok("add", "x", *words).err.splitlines()[:-1]
        assert warned == [
            f"warning: `{word}` is part of the title; did you mean `{key}:{value}`?"
            for word in words
        ]
        assert "warning" not in local.ok("add", "--", "x", *words).err
    assert local.ok("add", "x", "due:").err.splitlines() == [
        "warning: `due:` has no value and is part of the title; is a shell variable empty?",
        "added 9: x due:",
    ]
    assert local.ok("add", "du:bogus", "dates:fri", "xp:h", "10:").err.startswith("added 10: ")


def test_many_mistakes_are_counted(local: Todo) -> None:
    words = local.ok("add", "x", *["du:fri"] * 9)
    lines = local.ok("add", "-", "--inline", stdin="x du:fri\n" * 2000)

    assert words.err.splitlines()[4:6] == [words.err.splitlines()[0], "warning: and 4 more"]
    assert lines.err.splitlines()[4:] == [
        "warning: line 5: `du:fri` is part of the title; did you mean `due:fri`?",
        "warning: and 1995 more",
        "added 2000 tasks: 2–2001",
    ]


def test_the_topic_has_every_key() -> None:
    assert {key for key in KEYS if f"`{key}:" not in read_topic("quick-add")} == set()


def test_lines_are_text_unless_words_inside_are_wanted(local: Todo) -> None:
    line = 'Call  "Ann" due:"next week" +x'
    local.ok("add", "-", stdin=line)
    local.ok("add", "-", "--inline", "-t", "y", stdin=f"{line}\nno  words: 10:30")
    local.ok("add", "--inline", line, "+z", "--", "+text")
    local.ok("add", "-", "+z", "p:low", stdin="+text")

    plain, read, other, argument, last = local.tasks()
    assert (last["title"], last["tags"], last["priority"]) == ("+text", ["z"], "low")
    assert (plain["title"], plain["due"]) == (line, None)
    assert (read["title"], read["due"], read["tags"]) == ('Call "Ann"', "2026-11-23", ["x", "y"])
    assert (other["title"], other["tags"]) == ("no  words: 10:30", ["y"])
    assert (argument["title"], argument["tags"]) == ('Call "Ann" +text', ["x", "z"])


def test_a_person_is_told_of_words_that_quotes_keep(local: Todo) -> None:
    quoted = local.ok("add", "Fix +work login due:fri", terminal=True)
    hint = "hint: `+work due:fri` is part of the title; outside quotes it sets fields"

    assert quoted.err.splitlines() == ["added 1: Fix +work login due:fri", hint]
    assert "hint" not in local.ok("add", "Fix +work login due:fri").err
    assert "hint" not in local.ok("add", "C++ at 10:30", "+work", terminal=True).err
