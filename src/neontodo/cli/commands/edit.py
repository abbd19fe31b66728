"""`todo edit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neontodo.cli import completion, options
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.tasks.references import Refs
    from neontodo.tasks.results import Outcome

AddTag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        "-t",
        metavar="TAG",
        autocompletion=completion.tags,
        help="A tag to add; repeat the option for several.",
    ),
]
Untag = Annotated[
    list[str] | None,
    typer.Option(
        "--untag",
        metavar="TAG",
        autocompletion=completion.tags,
        help="A tag to take away; repeat the option for several.",
    ),
]


def edit(
    ctx: typer.Context,
    tasks: options.Tasks,
    title: options.Title = None,
    description: options.Description = None,
    due: options.Due = None,
    priority: options.Priority = None,
    project: options.Project = None,
    tag: AddTag = None,
    untag: Untag = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Change fields of tasks; without options, one task in your editor.

    `--due none`, `--project none` and `--description ""` clear.
    """
    from neontodo.cli.changing import report
    from neontodo.cli.fields import parse_fields
    from neontodo.tasks.references import parse_refs

    app: App = ctx.obj
    refs = parse_refs(tasks)
    given = {"description": description, "due": due, "priority": priority, "project": project}
    fields = parse_fields(app, {**given, "title": title})
    if fields or tag or untag:
        outcome = _by_options(app, refs, fields, tag or (), untag or (), dry_run)
    else:
        outcome = _by_hand(app, refs, dry_run)
    report(app, outcome, "changed", json=json, quiet=quiet, dry_run=dry_run, already="already so")


def _by_options(
    app: App,
    refs: Refs,
    fields: dict[str, Any],
    add_tags: Sequence[str],
    remove_tags: Sequence[str],
    dry_run: bool,
) -> Outcome:
    from neontodo.cli.fields import check_update
    from neontodo.tasks import service

    if both := sorted(set(add_tags) & set(remove_tags)):
        raise BadValue(f"the tag `{both[0]}` is both to be added and to be taken away")
    for tags in (add_tags, remove_tags):
        check_update({"tags": tuple(tags)})
    wanted = service.Edit(check_update(fields), tuple(add_tags), tuple(remove_tags))
    return app.run(app.write(lambda unit: service.edit(unit, refs, wanted), dry_run=dry_run))


def _by_hand(app: App, refs: Refs, dry_run: bool) -> Outcome:
    from neontodo.cli.drafting import edited_by_hand
    from neontodo.cli.selecting import only

    if not app.streams.interactive:
        raise BadValue(
            "what to change was not said, and there is no terminal for an editor",
            hint="such as `--due fri` or `--title TEXT`; `todo edit --help` lists them",
        )
    return edited_by_hand(app, only(app, refs), dry_run=dry_run)
