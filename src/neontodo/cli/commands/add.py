"""`todo add`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskCreate


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest(options.FieldOptions):
    """New tasks: their title, or `-`, and what they have in common."""

    words: Annotated[
        list[str],
        typer.Argument(metavar="TITLE...", help="The title; `-` reads one per line from stdin."),
    ]
    tags: options.Tag = None


def run_add(app: App, request: AddRequest) -> None:
    """Add a task, or with `-` one per line of standard input."""
    from neontodo.cli.field_values import check_new_task, collect_fields, parse_fields
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    fields = parse_fields(app, collect_fields(request))
    if request.words == ["-"]:
        new = list(_read_tasks(app, fields))
    else:
        new = [check_new_task(fields | {"title": " ".join(request.words)})]
    run_change(app, request, lambda unit: service.add(unit, new), "added")


def _read_tasks(app: App, fields: Mapping[str, Any]) -> Iterator[TaskCreate]:
    """Yield a task for each line of standard input that is not empty; BadValue names the line."""
    from neontodo.cli.field_values import check_new_task

    for number, line in enumerate(_read_input(app).split("\n"), 1):
        if not (text := line.strip()):
            continue
        title, rest = _split_title(text)
        parts = [part for part in (rest, fields.get("description")) if part]
        try:
            yield check_new_task(
                {**fields, "title": title, "description": "\n\n".join(parts) or None}
            )
        except BadValue as refusal:
            raise BadValue(f"line {number}: {refusal.message}", hint=refusal.hint) from None


def _read_input(app: App) -> str:
    """Return standard input; bytes that are no text become lone surrogates."""
    from neontodo.cli.prompt import say_what_is_read

    streams = app.streams
    say_what_is_read(app, "one task a line")
    text = streams.in_bytes.read().decode(streams.stdin.encoding, "surrogateescape")
    return text.removeprefix("\ufeff")


def _split_title(text: str) -> tuple[str, str]:
    """Return as much of the text as a title may have, cut after a word, and the rest."""
    from neontodo.models import TITLE_MAX

    if len(text) <= TITLE_MAX:
        return text, ""
    end = text.rfind(" ", 1, TITLE_MAX)
    end = end if end > 0 else TITLE_MAX - 1
    return f"{text[:end].rstrip()}…", f"…{text[end:].strip()}"


COMMANDS: Commands = {"add": (AddRequest, run_add)}
