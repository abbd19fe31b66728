"""How `--help` looks: names and sentences, without the types and brackets that Typer adds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NARROW = 60
"""Columns below which an option's help goes under its name."""


class Plain:
    """Mixed into Typer's commands and groups."""

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
            rows = [(name(p), _about(p)) for p in params if p.param_type_name == kind]
            write_rows(formatter, title, rows)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A command without commands below it has nothing to add."""


def write_rows(formatter: Any, title: str, rows: Iterable[tuple[str, str]]) -> None:
    """A titled list of names and sentences, if there are any."""
    if rows := list(rows):
        with formatter.section(title):
            formatter.write_dl(rows, col_max=30 if formatter.width >= NARROW else 10)


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper()).strip("[]")


def _switches(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {_metavar(param)}"


def _about(param: Any) -> str:
    text, default = param.help or "", param.default
    if param.param_type_name == "argument" or param.show_default is not True:
        return text
    return text if default in (None, False, "") else f"{text} [default: {default}]"
