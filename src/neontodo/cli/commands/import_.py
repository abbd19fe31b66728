"""`todo import`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.cli.commands.export import Format
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from neontodo.app import App
    from neontodo.cli.files import Source
    from neontodo.tasks.importing import Report
    from neontodo.tasks.unit_of_work import UnitOfWork


ENCODING = (
    "the file is not UTF-8: try `--encoding windows-1252`, convert it with "
    "`iconv -f WINDOWS-1252 -t UTF-8`, or save it from Excel as `CSV UTF-8`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest(options.Printing):
    """The file to read, and what to do with some of its records."""

    file: Annotated[
        str,
        typer.Argument(metavar="FILE", path_type=str, help="The file; `-` reads standard input."),
    ]
    format: Format = None
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What its text is written in, if not in UTF-8."),
    ] = None
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip records that cannot be read.")
    ] = False
    restore: Annotated[bool, typer.Option("--restore", help="Restore tasks that were removed.")] = (
        False
    )
    update: Annotated[
        bool, typer.Option("--update", help="Change tasks that exist to what the file has.")
    ] = False
    dry_run: options.DryRun = False


def run_import(app: App, request: ImportRequest) -> int:
    """Import tasks; those that exist already, or were removed, are left as they are.

    With `--skip-bad`, exit code 1 means that nothing was imported, or that a broken record hides
    those after it.
    """
    from neontodo.cli.exits import Exit
    from neontodo.cli.files import open_input
    from neontodo.cli.output import choose_output
    from neontodo.render.messages import hint, print_report, say_dry_run

    with open_input(app, request.file, request.encoding) as source:
        format = request.format or _detect_format(request.file, source)
        try:
            report = _import(app, source, format, request)
        except BadValue as error:
            if not source.is_unicode():
                raise BadValue(error.message, hint=ENCODING, details=error.details) from None
            raise
        is_garbled = report.bad and not source.is_unicode()
    print_report(choose_output(app, json=request.json), report)
    if is_garbled:
        hint(app.streams, ENCODING)
    if report.differing:
        hint(app.streams, "`--update` changes them to what the file has")
    if request.dry_run:
        say_dry_run(app.streams)
    is_failure = report.incomplete or (report.bad and not (report.added or report.updated))
    return Exit.FAILED if is_failure else Exit.OK


def _detect_format(file: str, source: Source) -> str:
    from neontodo import formats
    from neontodo.cli.files import STANDARD

    found = formats.detect(None if file == STANDARD else file, source.head())
    if found is None:
        what = "standard input" if file == STANDARD else f"`{file}`"
        raise BadValue(
            f"cannot tell the format of {what}",
            hint=f"name it with `--format`: {', '.join(formats.FORMATS)}",
        )
    return found


def _import(app: App, source: Source, format: str, request: ImportRequest) -> Report:
    from neontodo import formats
    from neontodo.render.progress import Bar
    from neontodo.tasks.importing import ReadAgain, import_tasks

    newest: dict[UUID, datetime] = {}
    with Bar(app.streams, "importing", source.size) as bar:

        async def action(unit: UnitOfWork) -> Report:
            # From the start: whatever a lost connection took, the next try does again.
            source.rewind()
            records = formats.read(cast(BinaryIO, source), format, tz=app.tz, now=app.now)
            return await import_tasks(
                unit,
                records,
                skip_bad=request.skip_bad,
                restore=request.restore,
                update=request.update,
                newest=newest,
                size=source.size,
                progress=lambda: bar.show(source.done),
            )

        try:
            return app.run(app.write(action, dry_run=request.dry_run))
        except ReadAgain:
            return app.run(app.write(action, dry_run=request.dry_run))


COMMANDS: Commands = {"import": (ImportRequest, run_import)}
