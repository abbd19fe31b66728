"""`todo edit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.tasks.results import Outcome

UNCHANGED = "nothing to change"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest(options.FieldOptions):
    """Tasks, and what to change of them; with nothing to change, an editor is opened."""

    tasks: options.Tasks = None
    filter_: options.Filter = None
    all_: options.All = False
    yes: options.Yes = False
    title: options.Title = None
    added_tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            "-t",
            metavar="TAG",
            autocompletion=completion.complete_tags,
            help="A tag to add; repeat the option for several.",
        ),
    ] = None
    removed_tags: Annotated[
        list[str] | None,
        typer.Option(
            "--untag",
            metavar="TAG",
            autocompletion=completion.complete_tags,
            help="A tag to remove; repeat the option for several.",
        ),
    ] = None


def run_edit(app: App, request: EditRequest) -> None:
    """Edit tasks by options; without any, one task in your editor.

    `--due none`, `--start none`, `--project none` and so on clear a field.
    """
    from neontodo.cli.field_values import collect_fields, parse_fields
    from neontodo.cli.output import report_change

    fields = parse_fields(app, collect_fields(request))
    if fields or request.added_tags or request.removed_tags:
        _edit_by_options(app, fields, request)
        return
    outcome = _edit_by_hand(app, request)
    report_change(app, request, outcome, "edited", already=UNCHANGED)


def _edit_by_options(app: App, fields: dict[str, Any], request: EditRequest) -> None:
    from neontodo.cli.choosing import choose_tasks
    from neontodo.cli.field_values import check_update
    from neontodo.cli.output import run_change
    from neontodo.tasks import service

    added, removed = tuple(request.added_tags or ()), tuple(request.removed_tags or ())
    if both := sorted(set(added) & set(removed)):
        raise BadValue(f"the tag `{both[0]}` cannot be both added and removed")
    for tags in (added, removed):
        check_update({"tags": tags})
    wanted = service.Edit(check_update(fields), added, removed)
    chosen = choose_tasks(app, request, "edit")
    action = partial(service.edit, chosen=chosen, wanted=wanted)
    run_change(app, request, action, "edited", already=UNCHANGED, chosen=chosen)


def _edit_by_hand(app: App, request: EditRequest) -> Outcome:
    from neontodo.cli.editor import edit_in_editor
    from neontodo.cli.output import fetch_one_task
    from neontodo.tasks.references import parse_refs

    _refuse_inline_words(request.tasks or ())
    if not app.streams.is_interactive:
        raise BadValue(
            "nothing to change was given",
            hint="for example `--due fri` or `--title TEXT`; `todo edit --help` lists the options",
        )
    refs = parse_refs(request.tasks or ())
    return edit_in_editor(app, fetch_one_task(app, refs), dry_run=request.dry_run)


def _refuse_inline_words(words: Sequence[str]) -> None:
    """Raise BadValue for a word that would set a field in `todo add`, as it is a filter here."""
    import shlex

    from neontodo.cli.inline_words import read_word

    for word in filter(None, map(read_word, words)):
        option = f"--{word.field.singular}"
        raise BadValue(
            "nothing to change was given",
            hint=f"`{word.text}` chooses tasks; `{option} {shlex.quote(word.value)}` changes them",
        )


COMMANDS: Commands = {"edit": (EditRequest, run_edit)}
