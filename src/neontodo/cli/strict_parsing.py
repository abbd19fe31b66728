"""Refusing what a command line says twice, or leaves empty, for every option of every command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.exceptions import TyperException

from neontodo.errors import BadValue


class LiteralWord(str):
    """A word after `--`, which stands for itself."""


class StrictParsing:
    """Refuse a second value where one is wanted, and empty values; mixed into commands.

    Words after `--` become LiteralWords.
    """

    def parse_args(self: Any, ctx: Any, args: list[str]) -> list[str]:
        args = _mark_literals(args)
        words = [*args]
        try:
            # First, since `--help` and what is wrong with a value come before.
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        except TyperException as error:
            # The parser knows of no context; the hint leads to the help of this command.
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise
        if not ctx.resilient_parsing:
            values, _, given = self.make_parser(ctx).parse_args(words)
            _refuse_repeated(ctx, given)
            for param in given:
                _refuse_empty(param, values[param.name])
        return rest


def _mark_literals(args: Sequence[str]) -> list[str]:
    end = args.index("--") + 1 if "--" in args else len(args)
    return [*args[:end], *map(LiteralWord, args[end:])]


def _refuse_repeated(ctx: Any, given: Sequence[Any]) -> None:
    """Raise BadValue if an option with one value is given twice, perhaps once before a command."""
    # The contexts of a command and of those above it share it.
    seen: set[str] = ctx.meta.setdefault(__name__, set())
    for param in given:
        if not _is_option(param) or param.is_flag or param.multiple:
            continue
        if param.name in seen:
            raise BadValue(
                f"`{_name_param(param)}` is given twice", hint="it takes one value: give it once"
            )
        seen.add(param.name)


def _refuse_empty(param: Any, value: Any) -> None:
    """Raise BadValue if a value is empty, such as that of a shell variable which is not set.

    An argument of several words is empty if all of them are.
    """
    if value is None or isinstance(value, bool):
        return
    texts = value if _is_option(param) and param.multiple else ["".join(value)]
    if all(text.strip() for text in texts):
        return
    from neontodo.fields import BY_NAME

    field = BY_NAME.get(param.name)
    use = "give it a value or leave it out"
    if field is not None and field.takes_none:
        use = f"write `none` for no {field.name}"
    raise BadValue(
        f"the value of `{_name_param(param)}` is empty", hint=f"{use}; is a shell variable empty?"
    )


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _name_param(param: Any) -> str:
    """Return what help calls an option, by its long name, or an argument."""
    if _is_option(param):
        return str(max(param.opts, key=len))
    return str(param.metavar or param.name.upper()).strip("[].")
