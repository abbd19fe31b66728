"""`todo add`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, limit_lines

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskCreate


WARNINGS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest(options.FieldOptions):
    """New tasks: their title, or `-`, and what they have in common."""

    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TITLE...",
            autocompletion=completion.complete_inline_words,
            help="The title; +tag, project:work, due:fri and p:high beside it set fields; "
            "`-` reads one per line from stdin.",
        ),
    ]
    tags: options.Tag = None
    inline: Annotated[
        bool,
        typer.Option("--inline", help="Read +tag, due:fri … in quotes and lines of stdin too."),
    ] = False
    noted: Annotated[
        list[str] | None,
        typer.Option("--note", "-n", metavar="TEXT", help="A note; repeat it for several."),
    ] = None


def run_add(app: App, request: AddRequest) -> None:
    """Add a task, or with `-` one per line of standard input.

    Words of their own set fields: `todo add Call Ann +work due:fri p:high` (todo help quick-add).
    """
    from neontodo.cli.field_values import check_new_task, collect_fields, parse_fields
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    fields = parse_fields(app, collect_fields(request))
    found, warnings = _read_words(app, request.words, fields, in_quotes=request.inline)
    if found["title"] == "-":
        new = list(_read_tasks(app, found, inline=request.inline))
    else:
        new = [check_new_task(found)]
    if request.noted:
        new = _add_notes(app, new, request.noted)
    _print_warnings(app, warnings)
    run_change(app, request, lambda unit: service.add(unit, new), "added")
    if app.streams.err_is_terminal and not request.inline and _has_signs(request.words):
        _hint_at_quotes(app, request.words)


def _has_signs(words: Sequence[str]) -> bool:
    """Return whether words may set fields; most titles need not wait for what reads them."""
    return any(":" in word or "+" in word for word in words)


def _read_words(
    app: App, words: Sequence[str], fields: Mapping[str, Any], *, in_quotes: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of the task that words make, title included, and warnings of them."""
    if not _has_signs(words):
        return {**fields, "title": " ".join(words)}, []
    from neontodo.cli import inline_words

    found = inline_words.divide_title(words, in_quotes=in_quotes)
    return inline_words.parse_words(app, found, fields), inline_words.list_warnings(app, found)


def _print_warnings(app: App, warnings: Sequence[str]) -> None:
    from neontodo.render.messages import warn

    for line in limit_lines(warnings[:WARNINGS_SHOWN], len(warnings)):
        warn(app.streams, line)


def _hint_at_quotes(app: App, words: Sequence[str]) -> None:
    """Tell a person that quotes kept what looks like fields."""
    from neontodo.cli import inline_words
    from neontodo.render.messages import hint

    if kept := " ".join(inline_words.find_quoted(words)):
        hint(app.streams, f"`{kept}` is part of the title; outside quotes it sets fields")


def _add_notes(app: App, new: Sequence[TaskCreate], texts: Sequence[str]) -> list[TaskCreate]:
    """Return the tasks with these notes; they have their ids, from which those of notes follow."""
    from uuid import uuid4

    from neontodo.cli.field_values import check_note
    from neontodo.models import add_notes, explain_too_many_notes

    texts = [*map(check_note, texts)]
    added = []
    for task in new:
        task_id = uuid4()
        notes = add_notes(task_id, (), texts, app.now)
        if problem := explain_too_many_notes(notes):
            raise BadValue(problem)
        added.append(task.model_copy(update={"id": task_id, "notes": notes}))
    return added


def _read_tasks(app: App, fields: Mapping[str, Any], *, inline: bool) -> Iterator[TaskCreate]:
    """Yield a task for each line of standard input that is not empty; BadValue names the line."""
    from neontodo.cli.field_values import check_new_task
    from neontodo.cli.prompt import read_text

    warnings: list[str] = []
    for number, line in enumerate(read_text(app, "one task a line").split("\n"), 1):
        if not (text := line.strip()):
            continue
        try:
            found: dict[str, Any] = {**fields, "title": text}
            if inline:
                found, more = _read_words(app, [text], fields, in_quotes=True)
                warnings += (f"line {number}: {warning}" for warning in more)
            yield check_new_task(_move_rest(found))
        except BadValue as refusal:
            raise BadValue(f"line {number}: {refusal.message}", hint=refusal.hint) from None
    _print_warnings(app, warnings)


def _move_rest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with what is too long for a title in the description."""
    title, rest = _split_title(fields["title"])
    parts = [part for part in (rest, fields.get("description")) if part]
    return {**fields, "title": title, "description": "\n\n".join(parts) or None}


def _split_title(text: str) -> tuple[str, str]:
    """Return as much of the text as a title may have, cut after a word, and the rest."""
    from neontodo.models import TITLE_MAX

    if len(text) <= TITLE_MAX:
        return text, ""
    end = text.rfind(" ", 1, TITLE_MAX)
    end = end if end > 0 else TITLE_MAX - 1
    return f"{text[:end].rstrip()}…", f"…{text[end:].strip()}"


COMMANDS: Commands = {"add": (AddRequest, run_add)}
