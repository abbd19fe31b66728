"""From an option's word to its value, for the few types that the commands have.

Typer makes a pydantic adapter for every parameter, text included, and so imports pydantic before a
usage error can be told: 0.1 s for nothing.
"""

from __future__ import annotations

from typing import Any

from typer import BadParameter
from typer._coercion import RuntimeParam


class Word(RuntimeParam):
    """Text as it was typed."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if isinstance(value, str | bool) else list(value)


class Number(RuntimeParam):
    """A whole number within the option's limits."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> int:
        least, most = self.parameter_info.min, self.parameter_info.max
        text = str(value)
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        if number is None or (least and number < least) or (most and number > most):
            limits = f"from {least or 0}" + (f" to {most}" if most else "")
            raise BadParameter(f"`{text}` is not a whole number {limits}", ctx=ctx, param=param)
        return number


KINDS: dict[Any, type[RuntimeParam]] = {str: Word, list[str]: Word, bool: Word, int: Number}


def simplify(command: Any) -> None:
    """Give each parameter of a command the plain coercion of its type."""
    context = command.context_class(command, **command.context_settings)
    for param in command.get_params(context):
        described = param.type_descriptor
        if kind := KINDS.get(described.annotation):
            param._runtime_param = kind(described.parameter_info, described.annotation)
