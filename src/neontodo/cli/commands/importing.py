"""`todo import`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.sources import Source
    from neontodo.tasks.importing import Report
    from neontodo.tasks.unit import Unit


def import_(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file; `-` reads standard input.")
    ],
    format: options.Format = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out records that cannot be read.")
    ] = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Import tasks; those that are here already stay as they are."""
    from neontodo.cli.sources import opened
    from neontodo.render.imported import print_report
    from neontodo.render.messages import say

    app: App = ctx.obj
    with opened(app, file) as source:
        report = _import(app, source, format or _detected(file, source), skip_bad, dry_run)
    print_report(report, streams=app.streams, as_json=json)
    if dry_run:
        say(app.streams, "this was a dry run: nothing was changed")


def _detected(file: str, source: Source) -> str:
    from neontodo import formats
    from neontodo.cli.sources import STDIN
    from neontodo.errors import BadValue

    found = formats.detect(None if file == STDIN else file, source.head())
    if found is None:
        what = "standard input" if file == STDIN else f"`{file}`"
        raise BadValue(
            f"cannot tell the format of {what}",
            hint=f"name it with `--format`: {', '.join(formats.FORMATS)}",
        )
    return found


def _import(app: App, source: Source, format: str, skip_bad: bool, dry_run: bool) -> Report:
    from neontodo import formats
    from neontodo.render.progress import Bar
    from neontodo.tasks.importing import import_tasks

    with Bar(app.streams, "importing", source.size) as bar:

        async def action(unit: Unit) -> Report:
            # From the start: whatever a lost connection took, the next try does again.
            source.rewind()
            records = formats.read(cast(BinaryIO, source), format, tz=app.tz, now=app.now)
            return await import_tasks(
                unit, records, skip_bad=skip_bad, progress=lambda: bar.show(source.done)
            )

        return app.run(app.write(action, dry_run=dry_run))
