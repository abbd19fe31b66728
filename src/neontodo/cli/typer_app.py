"""Typer's commands, each made of the fields of its request, and only when it is looked up.

To import every command's module, and make commands of them all, would double the time of `--help`,
which needs none of them; nor does it need the options that they share.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer
from typer._click.shell_completion import CompletionItem
from typer._coercion import RuntimeParam
from typer.core import TyperCommand, TyperGroup

from neontodo import __version__
from neontodo.cli import commands, completion
from neontodo.cli.commands import Function
from neontodo.cli.exits import NAME
from neontodo.cli.strict_parsing import StrictParsing
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App

NARROWEST = 40
"""Columns in which help is laid out where there are fewer."""

NARROW = 60
"""Columns below which an option's help goes under its name."""

SETTINGS = {"help_option_names": ["--help", "-h"]}


def _choose_colour(ctx: typer.Context, when: str) -> str:
    if when not in ("auto", "always", "never"):
        raise typer.BadParameter("choose `auto`, `always` or `never`")
    if ctx.obj is not None:
        ctx.obj.choose_colour(when)
    return when


def _choose_table(ctx: typer.Context, is_wanted: bool) -> bool:
    if is_wanted and ctx.obj is not None:
        ctx.obj.draw_tables()
    return is_wanted


def _choose_profile(ctx: typer.Context, name: str | None) -> str | None:
    if name is not None and ctx.obj is not None:
        ctx.obj.options["profile"] = name
    return name


Color = Annotated[
    str,
    typer.Option(
        "--color",
        metavar="WHEN",
        show_default=False,
        callback=_choose_colour,
        autocompletion=completion.complete_words("auto", "always", "never"),
        help="Color what a terminal shows: auto (not with NO_COLOR), always (in a pipe, too) or "
        "never.",
    ),
]
Table = Annotated[
    bool,
    typer.Option(
        "--table",
        show_default=False,
        callback=_choose_table,
        help="Print what a terminal shows, in a pipe, too.",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        show_default=False,
        callback=_choose_profile,
        autocompletion=completion.complete_profiles,
        help="Use another of your accounts, with its store; every command takes this option.",
    ),
]


class Call(NamedTuple):
    """A parsed command line: what to run, and the request to run it with."""

    function: Function
    request: Any


def parse(argv: Sequence[str], app: App | None = None) -> Call | int:
    """Parse a command line; the app takes note of `--color` and `--profile` meanwhile.

    Returns:
        The call, or an exit code where Typer has answered, as it does for `--help`.

    Raises:
        TyperException: the command line cannot be used.
    """
    answer = command_line().main(
        args=list(argv),
        prog_name=NAME,
        standalone_mode=False,
        obj=app,
        terminal_width=_width_of_help(app),
    )
    return answer if isinstance(answer, Call | int) else 0


def describe_command(words: Sequence[str], app: App) -> str | None:
    """Return the help of the command that the words name; None if there is none."""
    command, context = command_line(), None
    for name in (NAME, *words):
        if context is not None:
            below = getattr(command, "commands", {})
            if name not in below:
                return None
            command = below[name]
        context = command.context_class(
            command,
            parent=context,
            info_name=name,
            terminal_width=_width_of_help(app),
            **command.context_settings,
        )
    return str(command.get_help(context))


def _width_of_help(app: App | None) -> int:
    from neontodo.render.help_text import HELP_WIDTH

    width = HELP_WIDTH if app is None else app.streams.width
    return min(max(width, NARROWEST), HELP_WIDTH)


@cache
def command_line() -> Any:
    """Make `todo` itself."""
    typer_app = _new_typer(add_completion=True)
    typer_app.callback(invoke_without_command=True)(todo)
    root: Any = typer.main.get_command(typer_app)
    completion.register_shells()
    summaries = {name: entry.summary for name, entry in commands.ENTRIES.items()}
    root.commands = LazyCommands(summaries, _load_command)
    return _simplify(root)


def todo(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False,
    profile: Profile = None,
    color: Color = "auto",
    table: Table = False,
) -> Call | None:
    """Your tasks, in your own Postgres on Neon or in an embedded store.

    `todo` alone lists pending tasks. `todo help` lists the help topics.
    """
    if version:
        ctx.obj.streams.out.write(f"{NAME} {__version__}\n")
    elif ctx.invoked_subcommand is None:
        if ctx.obj is not None:
            ctx.obj.words.append("list")
        listing = ctx.command.get_command(ctx, "list")  # type: ignore[attr-defined]
        with listing.make_context("list", [], parent=ctx) as inner:
            call: Call = listing.invoke(inner)
            return call
    return None


class LazyCommands(Mapping[str, Any]):
    """Commands by name, in the order of their summaries, each made when it is looked up."""

    def __init__(self, summaries: Mapping[str, str], make: Callable[[str], Any]) -> None:
        self.summaries = summaries
        self._make = cache(make)

    def __getitem__(self, name: str) -> Any:
        if name not in self.summaries:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.summaries)

    def __len__(self) -> int:
        return len(self.summaries)


def _load_command(name: str) -> Any:
    """Make a command or group of its module."""
    entry = commands.ENTRIES[name]
    found: commands.Commands = import_module(f"{commands.__name__}.{entry.module}").COMMANDS
    if not entry.is_group:
        return _make_command(name, *found[name])
    summaries = {each: _first_sentence(function) for each, (_, function) in found.items()}
    below: Any = LazyCommands(summaries, lambda each: _make_command(each, *found[each]))
    group = PlainGroup(name=name, commands=below, help=f"{entry.summary}.", rich_markup_mode=None)
    return _add_options_of_todo(group)


def _first_sentence(function: Function) -> str:
    text = inspect.getdoc(function) or ""
    return text.partition("\n\n")[0].replace("\n", " ").removesuffix(".")


def _make_command(name: str, request_type: type[Any], function: Function) -> Any:
    """Make the command that answers a Call of this function, with a request of this type."""
    from neontodo.cli.options import Colored, Printing

    shown = {"color": Colored, "table": Printing}
    typer_app = _new_typer(add_completion=False)
    typer_app.command(name, cls=PlainCommand)(_build_callback(request_type, function))
    command: Any = typer.main.get_command(typer_app)
    return _add_options_of_todo(
        command, shown=[name for name, kind in shown.items() if issubclass(request_type, kind)]
    )


def _build_callback(request_type: type[Any], function: Function) -> Callable[..., Call]:
    """Return a function whose parameters are the request's fields, for Typer to read."""
    from neontodo.cli.options import LAST

    def make_call(**values: Any) -> Call:
        return Call(function, request_type(**values))

    hints = get_type_hints(request_type, include_extras=True)
    make_call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=hints[field.name],
            )
            for field in sorted(fields(request_type), key=lambda field: LAST.get(field.name, 0))
        ]
    )
    make_call.__doc__ = function.__doc__
    return make_call


def _new_typer(*, add_completion: bool) -> typer.Typer:
    return typer.Typer(
        cls=PlainGroup,
        add_completion=add_completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _add_options_of_todo(command: Any, *, shown: Sequence[str] = ()) -> Any:
    """Let a command take `--color`, `--table` and `--profile`, too; its help has those `shown`."""
    for param in command_line().params:
        if param.name in ("color", "table", "profile"):
            param = copy(param)
            param.hidden = param.name not in shown
            param.expose_value = False
            command.params.append(param)
    return _simplify(command)


def _simplify(command: Any) -> Any:
    """Give each parameter the plain conversion of its type, and shells leave to offer files."""
    command.context_settings = SETTINGS
    context = command.context_class(command, **command.context_settings)
    for param in command.get_params(context):
        described = param.type_descriptor
        if kind := CONVERSIONS.get(described.annotation):
            param._runtime_param = kind(described.parameter_info, described.annotation)
        if _takes_file(param):
            param.shell_complete = completion.complete_file_names
    return command


class PlainHelp:
    """Names and sentences, without the types and brackets that Typer adds; mixed into commands."""

    def collect_usage_pieces(self: Any, ctx: Any) -> list[str]:
        pieces = ["[OPTIONS]"]
        for param in self.get_params(ctx):
            if param.param_type_name == "argument":
                pieces.append(_metavar(param) if param.required else f"[{_metavar(param)}]")
        if below := getattr(self, "subcommand_metavar", None):
            pieces.append(below)
        return pieces

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        params = [param for param in self.get_params(ctx) if not param.hidden]
        for title, kind, name in (
            ("Arguments", "argument", _metavar),
            ("Options", "option", _switches),
        ):
            rows = [(name(p), _describe(p)) for p in params if p.param_type_name == kind]
            _write_rows(formatter, title, rows)
        if commands_below := getattr(self, "commands", None):
            _write_rows(formatter, "Commands", commands_below.summaries.items())


WITHOUT_SETTINGS = ("agent", "config", "doctor", "help")
"""Commands that need no settings, or report what is wrong with them."""


class PlainCommand(StrictParsing, PlainHelp, TyperCommand):
    """A command that does something."""

    def invoke(self, ctx: Any) -> Any:
        if ctx.obj is not None and ctx.command_path.split()[1] not in WITHOUT_SETTINGS:
            # `--profile` and `--color` have been read by now.
            ctx.obj.load_settings()
        if ctx.params.get("json") and ctx.obj is not None and ctx.obj.streams.is_table_wanted:
            raise BadValue("`--json` prints no table", hint="leave out `--json` or `--table`")
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # Its hint leads to the help of this command.
            error.ctx = error.ctx or ctx
            raise


class PlainGroup(StrictParsing, PlainHelp, TyperGroup):
    """A command with commands below it."""

    commands: Any

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if (name := args[0]) not in self.commands:
            name = commands.ALIASES.get(name, name)
        meant = commands.suggest_command(name, self.commands)
        if meant and name not in self.commands and not ctx.resilient_parsing:
            raise BadValue(f"no such command `{name}`", hint=f"did you mean `{meant}`?")
        return super().resolve_command(ctx, [name, *args[1:]])

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        offers = [
            CompletionItem(name, help=summary)
            for name, summary in self.commands.summaries.items()
            if name.startswith(incomplete)
        ]
        # Past the group's own way, which makes every command to read its help.
        return offers + super(TyperGroup, self).shell_complete(ctx, incomplete)


def _write_rows(formatter: Any, title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Write a titled list of names and sentences, if there are any."""
    if rows := list(rows):
        with formatter.section(title):
            formatter.write_dl(rows, col_max=30 if formatter.width >= NARROW else 10)


def _metavar(param: Any) -> str:
    name = str(param.metavar or param.name.upper())
    return name[1:-1] if name.startswith("[") else name


def _takes_file(param: Any) -> bool:
    """Return whether a parameter is the path of a file, by what help calls it."""
    return bool(re.fullmatch(r"\[?(FILE|PATH)(\|DIR)?\]?", param.metavar or ""))


def _switches(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {_metavar(param)}"


def _describe(param: Any) -> str:
    text, default = param.help or "", param.default
    if param.param_type_name == "argument" or param.show_default is not True:
        return text
    return text if default in (None, False, "") else f"{text} [default: {default}]"


class PlainText(RuntimeParam):
    """Text as it was typed.

    Typer makes a pydantic adapter for every parameter, text included, and so imports pydantic
    before it can report a usage error: 0.1 s for nothing.
    """

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        words = [value] if isinstance(value, str | bool) else list(value)
        # The name of a file may be any bytes; other words end up in a store, which takes none.
        if getattr(self.parameter_info, "path_type", None) is None:
            for word in words:
                _require_text(word, param, ctx)
        return value if isinstance(value, str | bool) else words


def _require_text(word: Any, param: Any, ctx: Any) -> None:
    """Raise BadParameter if a word of the command line was not valid UTF-8."""
    try:
        str(word).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(word).decode(errors="backslashreplace")
        raise typer.BadParameter(f"`{shown}` is not valid UTF-8", ctx=ctx, param=param) from None


class WholeNumber(RuntimeParam):
    """A whole number within the option's limits."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> int:
        least, most = self.parameter_info.min, self.parameter_info.max
        text = str(value)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        if number is None or (least and number < least) or (most and number > most):
            limits = f"between {least} and {most}" if most else f"of at least {least or 0}"
            raise typer.BadParameter(
                f"`{text}` is not a whole number {limits}", ctx=ctx, param=param
            )
        return number


CONVERSIONS: dict[Any, type[RuntimeParam]] = {
    str: PlainText,
    list[str]: PlainText,
    bool: PlainText,
    int: WholeNumber,
}
