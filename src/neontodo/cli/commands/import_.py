"""`todo import`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from neontodo.cli import options
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.sources import Source
    from neontodo.tasks.report import Report
    from neontodo.tasks.unit_of_work import UnitOfWork


def import_(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The file; `-` reads standard input.")
    ],
    format: options.Format = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out records that cannot be read.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Bring back tasks that were removed here.")
    ] = False,
    json: options.Json = False,
    dry_run: options.DryRun = False,
    color: options.Color = "auto",
) -> None:
    """Import tasks; those that are here already, or were removed here, stay as they are."""
    from neontodo.cli.output import choose_output
    from neontodo.cli.sources import opened
    from neontodo.render.import_report import print_report
    from neontodo.render.messages import say_dry_run

    app: App = ctx.obj
    with opened(app, file) as source:
        name = format or _detected(file, source)
        report = _import(app, source, name, skip_bad=skip_bad, restore=restore, dry_run=dry_run)
    print_report(choose_output(app, json=json), report)
    if dry_run:
        say_dry_run(app.streams)


def _detected(file: str, source: Source) -> str:
    from neontodo import formats
    from neontodo.cli.sources import STDIN

    found = formats.detect(None if file == STDIN else file, source.head())
    if found is None:
        what = "standard input" if file == STDIN else f"`{file}`"
        raise BadValue(
            f"cannot tell the format of {what}",
            hint=f"name it with `--format`: {', '.join(formats.FORMATS)}",
        )
    return found


def _import(
    app: App, source: Source, format: str, *, skip_bad: bool, restore: bool, dry_run: bool
) -> Report:
    from neontodo import formats
    from neontodo.render.progress import Bar
    from neontodo.tasks.importing import import_tasks

    with Bar(app.streams, "importing", source.size) as bar:

        async def action(unit: UnitOfWork) -> Report:
            # From the start: whatever a lost connection took, the next try does again.
            source.rewind()
            records = formats.read(cast(BinaryIO, source), format, tz=app.tz, now=app.now)
            return await import_tasks(
                unit,
                records,
                skip_bad=skip_bad,
                restore=restore,
                size=source.size,
                progress=lambda: bar.show(source.done),
            )

        return app.run(app.write(action, dry_run=dry_run))
