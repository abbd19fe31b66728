"""`todo restore`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.cli.commands.backup import (
    choose_path_in_folder,
    describe,
    print_as_json,
    refuse_pipe,
    take_backup,
)
from neontodo.errors import Refused
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.backup_file import Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest(options.Printing):
    """The backup to restore, and whether it may replace what is there."""

    file: Annotated[str, typer.Argument(metavar="FILE", help="A backup made by `todo backup`.")]
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace the tasks that are there, after backing them up."),
    ] = False
    dry_run: options.DryRun = False

    def __post_init__(self) -> None:
        refuse_pipe(self.file)


def run_restore(app: App, request: RestoreRequest) -> int:
    """Restore tasks and log from a backup.

    Numbers, times and the log are as they were, so that `todo undo --any` goes on from there. Where
    there are tasks already, it is refused without --replace. With --profile and a new name, the
    backup is restored beside them, to look around.
    """
    from neontodo.cli.exits import Exit
    from neontodo.render.messages import say, say_dry_run, warn

    app.profile.may_be_new = True
    backup, unreadable, replaced = app.run(_restore(app, request))
    say(app.streams, f"restored {describe(backup)} from {request.file}")
    if request.json:
        print_as_json(app, request.file, backup, replaced=replaced and str(replaced.path))
    if request.dry_run:
        say_dry_run(app.streams)
    if unreadable:
        warn(app.streams, f"left out {pluralize(unreadable, 'row')} that cannot be read")
        return Exit.FAILED
    return Exit.OK


async def _restore(app: App, request: RestoreRequest) -> tuple[Backup, int, Backup | None]:
    """Restore, and return the backup, how many rows of it cannot be read, and what was replaced."""
    from neontodo.tasks.backup import open_backup, restore_backup

    path = (app.cwd / request.file).absolute()
    async with open_backup(path, request.file) as (backup, source):
        seq, replaced = None, None
        if request.replace and (seq := await _find_replaced_seq(app)) and not request.dry_run:
            replaced = await _back_up_first(app)
            seq = replaced.last_seq
        copied = await app.write(
            lambda unit: restore_backup(unit, backup, source, seq), dry_run=request.dry_run
        )
    return backup, copied.unreadable, replaced


async def _find_replaced_seq(app: App) -> int:
    """Return the last seq of what would be replaced; 0 if there is nothing.

    Raises:
        Refused: it may not be removed.
    """
    from neontodo.tasks.queries import changes, users

    await app.ensure_user_known()
    _, seq = await app.read(lambda session, me: users.fetch_counters(session, me.user_id))
    if seq and not await app.read(lambda s, me: changes.may_delete_changes(s, me.user_id)):
        raise Refused(
            "a member of a shared database cannot remove their log, so nothing was replaced",
            hint="restore into another profile, with `--profile NAME`",
        )
    return seq


async def _back_up_first(app: App) -> Backup:
    """Back up what is to be replaced; Refused if that is not all in the backup."""
    backup, unreadable = await take_backup(app, choose_path_in_folder(app))
    if unreadable:
        raise Refused(
            "some rows cannot be read and are not in the backup, so nothing was replaced",
            hint="`todo doctor` tells more; `todo rm` removes such a task",
        )
    return backup


COMMANDS: Commands = {"restore": (RestoreRequest, run_restore)}
