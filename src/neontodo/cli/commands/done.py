"""`todo done`, `todo undone` and `todo toggle`."""

from __future__ import annotations

import typer

from neontodo.cli import options


def done(
    ctx: typer.Context,
    tasks: options.Tasks,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Mark tasks done."""
    _complete(ctx, tasks, True, "done", json, quiet, dry_run)


def undone(
    ctx: typer.Context,
    tasks: options.Tasks,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Mark tasks pending again."""
    _complete(ctx, tasks, False, "pending again", json, quiet, dry_run)


def toggle(
    ctx: typer.Context,
    tasks: options.Tasks,
    json: options.Json = False,
    quiet: options.Quiet = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Mark pending tasks done, and done ones pending."""
    _complete(ctx, tasks, None, "toggled", json, quiet, dry_run)


def _complete(
    ctx: typer.Context,
    tasks: list[str],
    completed: bool | None,
    verb: str,
    json: bool,
    quiet: bool,
    dry_run: bool,
) -> None:
    from neontodo.cli.changing import change
    from neontodo.tasks import service
    from neontodo.tasks.references import parse_refs

    refs = parse_refs(tasks)
    change(
        ctx.obj,
        lambda unit: service.complete(unit, refs, completed),
        verb,
        already="already pending" if completed is False else None,
        json=json,
        quiet=quiet,
        dry_run=dry_run,
    )
