"""`todo backup`."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.backup_file import Backup

FOLDER = "backups"
"""The folder for backups in that of the profile, where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRequest(options.Printing):
    """Where to put a backup, or which one to check."""

    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|DIR]",
            help="A new file, or a folder for one that is named by the time; without it, the "
            f"folder `{FOLDER}` in the data folder.",
            show_default=False,
        ),
    ] = None
    keep: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Remove all but the newest N in the folder."),
    ] = None
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Write no messages but warnings and errors.")
    ] = False
    check: Annotated[
        bool, typer.Option("--check", help="Check an existing backup; change nothing.")
    ] = False

    def __post_init__(self) -> None:
        refuse_pipe(self.file)
        if self.check and self.file is None:
            raise BadValue("`--check` needs a backup to check", hint="todo backup --check FILE")
        if self.check and self.keep is not None:
            raise BadValue("`--check` removes nothing", hint="leave out `--keep`")


def refuse_pipe(file: str | None) -> None:
    """Raise BadValue for `-`."""
    if file == "-":
        raise BadValue("a backup is a file, not a pipe", hint="name a file")


def run_backup(app: App, request: BackupRequest) -> int:
    """Back up your tasks and their log to a file that is read back.

    The file is an embedded store with your tasks, their numbers and their log, without any key. It
    gets its name only when it is complete. `todo help backup` says more.
    """
    from neontodo.cli.exits import Exit
    from neontodo.render.messages import say, warn
    from neontodo.tasks.backup import remove_old

    if request.check:
        return _check(app, request)
    path = _choose_path(app, request)
    backup, unreadable = app.run(take_backup(app, path))
    if request.json:
        print_as_json(app, str(backup.path), backup, sha256=backup.sha256, verified=True)
    if unreadable:
        rows = pluralize(unreadable, "row")
        warn(app.streams, f"left out {rows} that cannot be read; `todo doctor` tells more")
        return Exit.FAILED
    if request.keep and (removed := remove_old(path.parent, request.keep)):
        say(app.streams, f"removed {pluralize(len(removed), 'older backup')}")
    return Exit.OK


async def take_backup(app: App, path: Path) -> tuple[Backup, int]:
    """Back up what the user has in the store in use to a new file, and say so.

    Returns the backup, and how many rows cannot be read and are not in it.
    """
    from neontodo.render.messages import say
    from neontodo.tasks import backup

    await app.ensure_user_known()
    identity = await app.identify_user()
    made, unreadable = await backup.take_backup(app.database, identity.user_id, path, app.now)
    say(app.streams, f"backed up {describe(made)} to {path}")
    return made, unreadable


def describe(backup: Backup) -> str:
    """Return how much a backup holds."""
    return f"{pluralize(backup.tasks, 'task')} and {pluralize(backup.changes, 'change')}"


def choose_path_in_folder(app: App, folder: Path | None = None) -> Path:
    """Return where to put a backup that is named by the time, by default in the profile's folder.

    Raises:
        Refused: the folder cannot be made.
    """
    from neontodo.db.backup_file import explain_failure
    from neontodo.filesystem import make_folder
    from neontodo.tasks.backup import choose_name

    if folder is None:
        folder = app.folder.absolute() / FOLDER
        with explain_failure(folder):
            make_folder(folder)
    return choose_name(folder, app.now)


def _choose_path(app: App, request: BackupRequest) -> Path:
    """Return the new file; BadValue if it is named and others are to be removed beside it."""
    from neontodo.cli.files import resolve_output
    from neontodo.db.backup_file import exists_error

    name = request.file
    if name is None:
        return choose_path_in_folder(app)
    path, there = resolve_output((app.cwd / name).absolute(), name)
    if there is None and name.endswith("/"):
        raise BadValue(f"the folder `{name}` does not exist", hint="create it first")
    if there is not None and stat.S_ISDIR(there.st_mode):
        return choose_path_in_folder(app, path)
    if there is not None:
        raise exists_error(path)
    if request.keep is not None:
        raise BadValue("`--keep` is for a folder of backups", hint="name a folder, not a file")
    return path


def _check(app: App, request: BackupRequest) -> int:
    from neontodo.cli.exits import Exit
    from neontodo.db import backup_file
    from neontodo.render.messages import say

    name = str(request.file)
    backup = backup_file.check((app.cwd / name).absolute(), name)
    say(app.streams, f"{name} is complete: {describe(backup)}, backed up {backup.made_at}")
    if request.json:
        print_as_json(app, str(backup.path), backup, sha256=backup.sha256, verified=True)
    return Exit.OK


def print_as_json(app: App, file: str, backup: Backup, **more: object) -> None:
    """Print how much a backup holds, and what more there is to say, as one object."""
    from neontodo.cli.output import choose_output
    from neontodo.render.listing import print_json

    counts = {"tasks": backup.tasks, "changes": backup.changes, "last_seq": backup.last_seq}
    print_json(choose_output(app, json=True), {"file": file, **counts, **more})


COMMANDS: Commands = {"backup": (BackupRequest, run_backup)}
