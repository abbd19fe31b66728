"""`todo help` and `--help`: what they say, that it is true, and that it fits."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from neontodo.cli.commands import ENTRIES, SYNONYMS
from neontodo.cli.commands.help import RELATED, TOPICS, read_topic, summarize_topic
from neontodo.cli.exits import BY_ERROR, Exit
from neontodo.cli.typer_app import command_line
from neontodo.errors import BadValue, TodoError
from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.settings import Settings, variable_name
from neontodo.tasks.dates import parse_when
from tests.harness import FRIDAY_NOON, Result, Todo

BERLIN = ZoneInfo("Europe/Berlin")


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group, as the words that name it."""
    command = command or command_line()
    for name in getattr(command, "commands", {}):
        yield (*path, name)
        yield from commands(command.commands[name], (*path, name))


COMMANDS = list(commands())


def test_without_a_topic_a_pipe_gets_names_and_what_they_are_about(local: Todo) -> None:
    assert local("help") == Result(
        0, "".join(f"{name}\t{summarize_topic(name)}\n" for name in TOPICS), ""
    )


def test_without_a_topic_a_terminal_gets_a_list_and_where_commands_are(local: Todo) -> None:
    shown = local.ok("help", terminal=True, width=40).out
    assert shown.startswith(
        "`todo help TOPIC` explains:\n\n  references  how to name tasks\n  filters     which tasks"
    )
    assert shown.endswith(
        "`todo --help` lists the commands, and `todo COMMAND --help` explains one.\n"
    )


def test_every_topic_that_is_shipped_is_listed() -> None:
    from importlib import resources

    shipped = [file.name for file in (resources.files("neontodo") / "topics").iterdir()]
    assert {name for name in shipped if name.endswith(".md")} == {f"{t}.md" for t in TOPICS}


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_topic_fits_and_loses_no_word(local: Todo, topic: str, width: int) -> None:
    shown = local.ok("help", topic, terminal=True, width=width)
    assert shown.err == ""
    prose = [line for line in shown.out.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= min(width, 80)
    assert shown.out.split() == read_topic(topic).removeprefix("# ").split()


def test_on_a_terminal_with_colour_the_title_is_bold(local: Todo) -> None:
    shown = local.ok("help", "undo", terminal=True, colour=True).out
    assert shown.startswith("\x1b[1mundo: undo and redo commands\x1b[0m\n\n")


@pytest.mark.parametrize("words", [("add",), ("token", "create"), ("db",)])
def test_the_name_of_a_command_gives_its_help(local: Todo, words: tuple[str, ...]) -> None:
    assert local.ok("help", *words) == local.ok(*words, "--help")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("date", "did you mean `dates`?"),
        ("exitcodes", "did you mean `exit-codes`?"),
        ("lsit", "did you mean `list`?"),
        ("neon", "did you mean `connect`?"),
        ("Remove", "did you mean `rm`?"),
        ("xyzzy", "`todo help` lists the topics"),
        ("../../settings", "`todo help` lists the topics"),
    ],
)
def test_an_unknown_topic_is_2_with_what_is_near(local: Todo, word: str, hint: str) -> None:
    refused = local("help", word)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"error: there is no topic or command `{word}`\n")
    assert "hint: " in refused.err
    if "/" not in word:
        assert refused.err.endswith(f"hint: {hint}\n")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("remove 3", "rm"),
        ("--table delete 3", "rm"),
        ("new x", "add"),
        ("wait 3", "edit --start"),
        ("token delete ci", "revoke"),
        ("member rm ann", "remove"),
        ("db migrate", "upgrade"),
    ],
)
def test_a_word_of_other_programs_leads_to_the_command(local: Todo, line: str, meant: str) -> None:
    word = next(word for word in line.split() if word not in ("--table", "token", "member", "db"))
    refused = local(*line.split())
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"error: no such command `{word}`\nhint: did you mean `{meant}`?\n"


def test_a_word_that_no_command_is_like_may_be_a_title(local: Todo) -> None:
    hint = "`todo --help` lists the commands, and `todo add TITLE` adds a task"
    assert local("buy", "milk").err == f"error: no such command `buy`\nhint: {hint}\n"
    assert "todo add" not in local("view", "buy").err


def test_words_of_other_programs_lead_to_what_there_is() -> None:
    groups = [command_line(), *command_line().commands.values()]
    named = {name for group in groups for name in getattr(group, "commands", {})}
    assert {words.split()[0] for meant in SYNONYMS.values() for words in meant} <= named
    assert not SYNONYMS.keys() & ENTRIES.keys() - {"rm"}
    assert set(RELATED.values()) <= {*TOPICS, *ENTRIES}
    assert not RELATED.keys() & {*TOPICS, *ENTRIES}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("width", [40, 80])
def test_the_help_of_every_command_fits(local: Todo, words: tuple[str, ...], width: int) -> None:
    shown = local.ok(*words, "--help", terminal=True, width=width)
    assert shown.err == ""
    assert max(map(len, shown.out.splitlines())) <= width


def test_the_list_of_commands_is_in_the_order_of_a_day(local: Todo) -> None:
    shown = local.ok("--help").out.partition("Commands:\n")[2]
    names = re.findall(r"^  (\S+)", shown, re.MULTILINE)
    everyday = ["add", "list", "today", "show", "edit", "done", "undone", "toggle", "note", "rm"]
    assert names[: len(everyday)] == everyday
    assert names.index("whoami") < names.index("token") < names.index("db") < names.index("config")
    assert [(name,) for name in names] == [words for words in COMMANDS if len(words) == 1]


def test_each_exit_code_is_in_its_topic_with_its_meaning() -> None:
    text = read_topic("exit-codes")
    assert re.findall(r"^- `(\d+)`: (.*)$", text, re.MULTILINE) == [
        (str(code.value), code.meaning) for code in Exit
    ]
    assert set(BY_ERROR.values()) <= set(Exit)
    assert set(TodoError.__subclasses__()) <= set(BY_ERROR)


def test_each_setting_is_in_its_topic_with_its_sentence() -> None:
    text = read_topic("settings")
    for name, field in Settings.model_fields.items():
        assert f"- `{name}`, or `{variable_name(name)}`: {field.description}\n" in text


def test_the_settings_file_of_the_topic_works(local: Todo) -> None:
    local.home.mkdir()
    (local.home / "config.toml").write_text("\n".join(exit_code_of("settings")))
    assert {"sort": "priority,due", "page_size": "50"}.items() <= dict(
        row[:2] for row in local.ok("config").rows
    ).items()


def test_the_fields_of_json_are_those_of_a_task() -> None:
    task = TaskPublic(
        id=uuid.UUID(int=1),
        number=1,
        title="x",
        description=None,
        completed=False,
        completed_at=None,
        due_on=None,
        due_at=None,
        priority=Priority.NONE,
        project=None,
        tags=(),
        extra=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        start_on=None,
        start_at=None,
        notes=(),
    )
    items = re.findall(r"^- (.*?): ", read_topic("json"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(items)) == list(task.to_json())


def exit_code_of(topic: str) -> list[str]:
    return [line.strip() for line in read_topic(topic).splitlines() if line.startswith("    ")]


def test_every_date_of_the_topic_is_understood() -> None:
    text = read_topic("dates").partition("What could mean two things")[0]
    day, _, moment = text.partition("Or a\nmoment")
    days = day + moment.partition("\n\n")[0]
    for words in re.findall(r"`([^`]+)`", days):
        if words not in ("Z", "+02:00"):
            parse_when(words, now=FRIDAY_NOON, tz=BERLIN)


@pytest.mark.parametrize("words", ["13", "12/01", "next friday", "2026-03-29 02:30"])
def test_what_the_topic_says_is_refused_is_refused(words: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(BadValue):
        parse_when(words, now=now, tz=BERLIN)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_command_of_a_topic_is_one(topic: str) -> None:
    named = re.findall(r"`todo ((?:[a-z]+ ?)+)", read_topic(topic))
    for line in exit_code_of(topic):
        named += re.findall(r"\btodo ((?:[a-z]+ ?)+)", line)
    for found in named:
        words = found.split()
        known = {words_[0] for words_ in COMMANDS}
        assert words[0] in known, found
        if words[0] in ("token", "db"):
            assert tuple(words[:2]) in COMMANDS, found


def test_the_everyday_examples_of_the_topics_work(local: Todo, tmp_path: Any) -> None:
    for number in range(1, 13):
        local.ok("add", f"task {number}")
    for topic in ("references", "dates", "undo", "quick-add"):
        for line in exit_code_of(topic):
            argv = shlex.split(line)[1:]
            if "a1b2c3" in argv:
                start = next(t["id"] for t in local.tasks() if not t["id"][:8].isdigit())[:8]
                argv[argv.index("a1b2c3")] = start
            if argv == ["undo", "--dry-run"]:
                local.ok("rm", "2", "--yes")
            local.ok(*argv)


def test_the_escapes_that_scripts_read_about_are_those_of_a_line(local: Todo) -> None:
    local.ok("add", "--", "a\tb\\c\x1bd")
    assert local.ok("list").out == "1\tpending\tnone\t\t\t\ta\\tb\\\\c\\x1bd\n"
    assert local.ok("list", "--json").json == json.loads(local.ok("export").out)
