"""`todo note`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, TaskNotFound

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskPublic
    from neontodo.tasks.lookup import Chosen
    from neontodo.tasks.results import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequest(options.Changing):
    """Tasks, and a note to add to them or to remove."""

    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK TEXT...]",
            autocompletion=completion.complete_tasks,
            help="The task as `done` takes it (12, 3,7, @last), then the note; "
            "`-` reads it from stdin.",
        ),
    ] = None
    removed: Annotated[
        int | None,
        typer.Option(
            "--rm", metavar="N", min=1, help="Remove the N-th note, as `show` numbers them."
        ),
    ] = None
    filter_: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="EXPR", help="Which tasks, as one filter; every word is the note."
        ),
    ] = None
    all_: options.All = False
    yes: options.Yes = False


def run_note(app: App, request: NoteRequest) -> None:
    """Add a note to tasks; without a text, in your editor.

    The first word names the task, the others are the note: `todo note 12 talked to Ann`.
    """
    words = request.words or []
    tasks, words = ([], words) if request.filter_ is not None else (words[:1], words[1:])
    if request.removed is not None:
        _remove(app, request, tasks, words, request.removed)
    elif words:
        _note(app, request, tasks, words)
    else:
        _note_by_hand(app, request, tasks)


def _note(app: App, request: NoteRequest, tasks: list[str], words: list[str]) -> None:
    from neontodo.cli.choosing import choose_tasks
    from neontodo.cli.field_values import check_note
    from neontodo.cli.prompt import read_text

    text = check_note(read_text(app, "the note") if words == ["-"] else " ".join(words))
    choosing = options.Choosing(
        tasks=tasks,
        filter_=request.filter_,
        all_=request.all_,
        yes=request.yes,
        dry_run=request.dry_run,
    )
    chosen = choose_tasks(app, choosing, "note on")
    _report(app, request, _save(app, request, chosen, text), "noted", text, chosen)


def _note_by_hand(app: App, request: NoteRequest, tasks: list[str]) -> None:
    from neontodo.cli.editor import write_in_editor
    from neontodo.cli.field_values import check_note
    from neontodo.tasks.references import parse_refs

    if not app.streams.is_interactive:
        raise BadValue(
            "no note was given",
            hint="for example `todo note 12 talked to Ann`; `-` reads it from standard input",
        )
    task = _fetch_task(app, tasks)
    head = [f"a note for {task.number}: {task.title}", "save and close; leave it empty to cancel"]
    saved: list[str] = []

    def save(text: str) -> Outcome:
        saved.append(check_note(text))
        return _save(app, request, parse_refs([str(task.id)]), saved[-1])

    outcome = write_in_editor(app, f"{task.number}.note", head, save)
    _report(app, request, outcome, "noted", saved[-1])


def _remove(
    app: App, request: NoteRequest, tasks: list[str], words: list[str], number: int
) -> None:
    from neontodo.tasks import service
    from neontodo.tasks.references import parse_refs
    from neontodo.wording import pluralize

    if words:
        raise BadValue(f"`--rm {number}` takes no text", hint="name one task")
    task = _fetch_task(app, tasks)
    notes = task.list_whole_notes()
    if number > len(notes):
        count = pluralize(len(notes), "note") if notes else "no notes"
        raise TaskNotFound(f"task {task.number} has {count}")
    note, chosen = notes[number - 1], parse_refs([str(task.id)])
    outcome = app.run(
        app.write(
            lambda unit: service.remove_note(unit, chosen, note["id"]), dry_run=request.dry_run
        )
    )
    _report(app, request, outcome, f"removed note {number} of", note["text"])


def _fetch_task(app: App, tasks: list[str]) -> TaskPublic:
    from neontodo.cli.output import fetch_one_task
    from neontodo.tasks.references import parse_refs

    if not tasks:
        raise BadValue("no task was named", hint="for example `todo note 12`")
    return fetch_one_task(app, parse_refs(tasks))


def _save(app: App, request: NoteRequest, chosen: Chosen, text: str) -> Outcome:
    from neontodo.tasks import service

    return app.run(
        app.write(lambda unit: service.note(unit, chosen, [text]), dry_run=request.dry_run)
    )


def _report(
    app: App,
    request: NoteRequest,
    outcome: Outcome,
    verb: str,
    text: str,
    chosen: Chosen | None = None,
) -> None:
    """Say what was noted, or what note was removed, in one sentence, and print the tasks."""
    from neontodo.cli.output import report_change
    from neontodo.render.messages import changed_sentence
    from neontodo.render.text import shorten, symbols_for

    if outcome.changed:
        symbols = symbols_for(app.streams.err)
        shown = shorten(" ".join(text.split()), symbols)
        sentence = f"{changed_sentence(verb, outcome)} {symbols.dot} {shown}"
        outcome = replace(outcome, notes=(sentence, *outcome.notes))
    verb_left = None if outcome.changed else verb
    report_change(app, request, outcome, verb_left, already="has no such note", chosen=chosen)


COMMANDS: Commands = {"note": (NoteRequest, run_note)}
