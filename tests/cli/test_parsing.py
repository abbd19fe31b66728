"""From a command line to the request that runs, without running it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from typer.exceptions import TyperException

from neontodo.cli import commands, options
from neontodo.cli.commands.add import AddRequest, run_add
from neontodo.cli.commands.config import ConfigRequest
from neontodo.cli.commands.connect import ConnectRequest
from neontodo.cli.commands.done import run_done, run_toggle, run_undone
from neontodo.cli.commands.edit import EditRequest
from neontodo.cli.commands.export import ExportRequest
from neontodo.cli.commands.help import HelpRequest
from neontodo.cli.commands.import_ import ImportRequest
from neontodo.cli.commands.join import JoinRequest
from neontodo.cli.commands.list import ListRequest, SearchRequest
from neontodo.cli.commands.login import LoginRequest, LogoutRequest, ProfilesRequest
from neontodo.cli.commands.member import AddRequest as AddMemberRequest
from neontodo.cli.commands.member import RemoveRequest as RemoveMemberRequest
from neontodo.cli.commands.show import ShowRequest
from neontodo.cli.commands.stats import CountsRequest, StatsRequest
from neontodo.cli.commands.token import CreateRequest, RevokeRequest
from neontodo.cli.commands.undo import LogRequest, UndoRequest
from neontodo.cli.commands.whoami import WhoamiRequest
from neontodo.cli.options import Choosing
from neontodo.cli.typer_app import Call, command_line, parse
from neontodo.errors import BadValue
from tests.harness import Todo


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("", ListRequest()),
        ("add Buy milk", AddRequest(words=["Buy", "milk"])),
        (
            "add --description 'two percent' -d fri -p high -P home -t shop -t now --dry-run"
            " -- --odd -x",
            AddRequest(
                words=["--odd", "-x"],
                description="two percent",
                due="fri",
                priority="high",
                project="home",
                tags=["shop", "now"],
                dry_run=True,
            ),
        ),
        ("add x --json -q", AddRequest(words=["x"], json=True, quiet=True)),
        ("list", ListRequest()),
        (
            "list --done -P p -t a -t b -p none",
            ListRequest(done=True, project=["p"], tags=["a", "b"], priority=["none"]),
        ),
        (
            "list -a -d week --search 'a b' --sort=-due,title --limit 5 --page 2 --json",
            ListRequest(
                all_=True,
                due=["week"],
                search="a b",
                sort="-due,title",
                limit=5,
                page=2,
                json=True,
            ),
        ),
        (
            "search two words --limit 1 -q",
            SearchRequest(words=["two", "words"], limit=1, quiet=True),
        ),
        ("show 12 --json", ShowRequest(task="12", json=True)),
        ("edit 3-5,7", EditRequest(tasks=["3-5,7"])),
        (
            "edit 1 2 --title x --description y -d none -p low -P none -t a --untag b --untag c",
            EditRequest(
                tasks=["1", "2"],
                title="x",
                description="y",
                due="none",
                priority="low",
                project="none",
                added_tags=["a"],
                removed_tags=["b", "c"],
            ),
        ),
        ("done 1 @last", Choosing(tasks=["1", "@last"])),
        ("rm 1 -y --dry-run", Choosing(tasks=["1"], yes=True, dry_run=True)),
        ("undo", UndoRequest()),
        ("redo --any -q", UndoRequest(any_machine=True, quiet=True)),
        ("log", LogRequest()),
        ("log 3 a1b2 --limit 9 --json", LogRequest(tasks=["3", "a1b2"], limit=9, json=True)),
        ("tags -q", CountsRequest(quiet=True)),
        ("projects --json", CountsRequest(json=True)),
        ("stats", StatsRequest()),
        (
            "import - --format csv --skip-bad --restore --dry-run --json",
            ImportRequest(
                file="-", format="csv", skip_bad=True, restore=True, dry_run=True, json=True
            ),
        ),
        ("export", ExportRequest()),
        (
            "export out.csv --done -P p -t a --force --for-spreadsheet",
            ExportRequest(
                file="out.csv",
                done=True,
                project=["p"],
                tags=["a"],
                force=True,
                for_spreadsheet=True,
            ),
        ),
        ("help", HelpRequest()),
        ("help token create", HelpRequest(topic=["token", "create"])),
        ("connect", ConnectRequest()),
        (
            "connect - --upgrade --as ann --move",
            ConnectRequest(url="-", upgrade=True, user="ann", move=True),
        ),
        ("connect --local --forget", ConnectRequest(local=True, forget=True)),
        ("connect --status --json", ConnectRequest(status=True, json=True)),
        ("join -y", JoinRequest(yes=True)),
        ("login https://a.example --token -", LoginRequest(url="https://a.example", token="-")),
        ("login --env-file .env --email a@b", LoginRequest(env_file=".env", email="a@b")),
        ("logout", LogoutRequest()),
        ("profiles -q", ProfilesRequest(quiet=True)),
        ("whoami --json", WhoamiRequest(json=True)),
        ("token create --name ci --days 7", CreateRequest(name="ci", days=7)),
        ("token revoke ci -y", RevokeRequest(key="ci", yes=True)),
        ("member add a@b --subject s", AddMemberRequest(email="a@b", subject="s")),
        (
            "member remove ann --transfer-to bob --yes",
            RemoveMemberRequest(member="ann", transfer_to="bob", yes=True),
        ),
        ("config set sort -- -due", ConfigRequest(words=["set", "sort", "-due"])),
        ("doctor", options.Printing()),
    ],
)
def test_a_command_line_becomes_a_request(line: str, request_: Any) -> None:
    call = parse(shlex.split(line))
    assert isinstance(call, Call)
    assert call.request == request_


@pytest.mark.parametrize(
    ("name", "function"),
    [("add", run_add), ("done", run_done), ("undone", run_undone), ("toggle", run_toggle)],
)
def test_the_name_chooses_what_runs(name: str, function: Any) -> None:
    call = parse([name, "1"])
    assert isinstance(call, Call)
    assert call.function is function


@pytest.mark.parametrize(
    "line",
    [
        "lst",
        "add",
        "show",
        "show 1 2",
        "whoami a",
        "log --limit -1",
        "list --limit x",
        "list --limit 9999999999999999999",
        "list --color blue",
        "list --due",
        "edit --bogus",
        "import x --format xml",
        "profiles x",
    ],
)
def test_what_cannot_be_parsed_is_refused(line: str) -> None:
    with pytest.raises(TyperException):
        parse(line.split())


ONE_VALUE = [
    (name, param)
    for name, entry in commands.ENTRIES.items()
    if not entry.is_group
    for param in command_line().commands[name].params
    if param.param_type_name == "option" and not (param.is_flag or param.multiple)
]


def required_words(name: str) -> list[str]:
    params = command_line().commands[name].params
    return ["1" for param in params if param.param_type_name == "argument" and param.required]


@pytest.mark.parametrize(("name", "param"), ONE_VALUE, ids=lambda each: getattr(each, "name", each))
def test_an_option_with_one_value_is_refused_twice_and_empty(name: str, param: Any) -> None:
    value = {"color": "never", "format": "csv", "token": "-"}.get(param.name, "1")
    words = required_words(name)
    for flag in param.opts:
        with pytest.raises(BadValue, match=f"`{max(param.opts, key=len)}` is given twice"):
            parse([name, *words, flag, value, flag, value])
        with pytest.raises((BadValue, TyperException)):
            parse([name, *words, flag, " "])


@pytest.mark.parametrize("option", ["--color=never", "--profile=a"])
def test_an_option_is_refused_before_and_after_the_command(option: str) -> None:
    with pytest.raises(BadValue, match="is given twice"):
        parse([option, "list", option])


def test_a_flag_may_be_repeated() -> None:
    call = parse(["list", "-q", "-q"])
    assert isinstance(call, Call)
    assert call.request == ListRequest(quiet=True)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("edit 1 --due ''", "`--due`", "write `none` for no due"),
        ("edit 1 --description ''", "`--description`", "write `none` for no description"),
        ("add x --project ''", "`--project`", "write `none` for no project"),
        ("list -P work -P ''", "`--project`", "write `none` for no project"),
        ("list --tag ''", "`--tag`", "give it a value or leave it out"),
        ("list --search ' '", "`--search`", "give it a value or leave it out"),
        ("search ''", "`WORD`", "give it a value or leave it out"),
        ("search '' ' '", "`WORD`", "give it a value or leave it out"),
        ("export ''", "`FILE`", "give it a value or leave it out"),
        ("connect ''", "`URL`", "give it a value or leave it out"),
        ("help ''", "`TOPIC`", "give it a value or leave it out"),
    ],
)
def test_an_empty_value_is_refused(line: str, message: str, hint: str) -> None:
    with pytest.raises(BadValue, match=f"the value of {message} is empty") as caught:
        parse(shlex.split(line))
    assert caught.value.hint == f"{hint}; is a shell variable empty?"


def test_options_that_contradict_each_other_make_no_request() -> None:
    with pytest.raises(BadValue, match="both done and pending"):
        parse(["export", "--done", "--pending"])


@pytest.mark.parametrize("name", [n for n, entry in commands.ENTRIES.items() if not entry.is_group])
def test_every_command_takes_the_options_of_todo_itself(name: str) -> None:
    taken = {param.name: param for param in command_line().commands[name].params}
    assert taken["profile"].hidden
    assert "color" in taken


@pytest.mark.parametrize("name", commands.ENTRIES)
def test_a_command_is_listed_with_the_first_sentence_of_its_help(name: str) -> None:
    sentence, _, _ = command_line().commands[name].help.partition("\n\n")
    assert f"{commands.ENTRIES[name].summary}." == sentence.replace("\n", " ")


NAMES_OF_FILES = {"connect --env-file", "export file", "import file", "login --env-file"}


def test_bytes_that_are_no_text_are_refused_in_every_word_but_names_of_files() -> None:
    taken = set()
    for path, command in commands_below("", command_line()):
        context = command.context_class(command)
        for param in command.get_params(context):
            if param.type_descriptor.annotation in (str, list[str]):
                with suppress(TyperException):
                    param._runtime_param._coerce_value("caf\udce9", param, context)
                    taken.add(f"{path} {param.opts[0]}")
    assert taken == NAMES_OF_FILES


def commands_below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands_below(f"{path} {name}".strip(), below)


@pytest.mark.parametrize(
    "line",
    ["search caf\udce9", "list -P \udce9", "list -t \udce9", "done \udce9", "add \udce9"],
)
def test_bytes_that_are_no_text_are_wrong_usage(todo: Todo, line: str) -> None:
    result = todo(*line.split())
    assert (result.code, result.out) == (2, "")
    assert "is not valid UTF-8" in result.err


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("edit 1 --due", "todo edit"),
        ("list --zzz", "todo list"),
        ("token create ci --days", "todo token create"),
        ("--profile", "todo"),
    ],
)
def test_the_hint_leads_to_the_help_of_the_command(local: Todo, line: str, command: str) -> None:
    result = local(*line.split())

    assert result.code == 2
    assert result.err.endswith(f"hint: `{command} --help` shows how it is used\n")
