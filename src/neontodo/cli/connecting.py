"""What `todo connect`, `join` and `login` share: a URL, overruling settings, tasks to move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote

from neontodo.cli.prompt import ask_secret, confirm
from neontodo.db.url import USUAL_VARIABLES, PostgresTarget, SqliteTarget, extract_url, parse_url
from neontodo.errors import BadValue, Refused, TodoError, limit_lines
from neontodo.wording import pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neontodo.accounts.connected_database import ConnectedDatabase
    from neontodo.accounts.move import MoveResult
    from neontodo.app import App
    from neontodo.db.database import Database
    from neontodo.tasks.transfer import DifferingTask, Owner


DIFFERENCES_SHOWN = 10
HOW = "`todo connect -` reads it from standard input, which the shell's history does not record"


def read_database_url(
    app: App, argument: str | None, env_file: str | None
) -> tuple[str, PostgresTarget]:
    """Return the URL as it is to be stored, and what it names.

    Raises:
        BadValue: there is none, or it is none of a Postgres database.
    """
    if env_file is not None:
        url = _find_in_file(app, env_file)
    elif argument == "-":
        url = _ask(app)
    else:
        url = argument if argument is not None else _load_last(app)
    target = _parse_server(url)
    _require_absolute(app, target.sslrootcert)
    return extract_url(url), target


def _require_absolute(app: App, file: str | None) -> None:
    """Make sure that commands in any folder find the file with the authority's certificate."""
    from neontodo.db.tls import SYSTEM

    if file is not None and file != SYSTEM and not file.startswith(("/", "~")):
        absolute = quote(str((app.cwd / file).resolve()))
        raise BadValue(
            f"`sslrootcert` is not an absolute path: {file}", hint=f"sslrootcert={absolute}"
        )


def _parse_server(url: str) -> PostgresTarget:
    target = parse_url(url)
    if not isinstance(target, PostgresTarget):
        raise BadValue(
            "that is a file, not a Postgres database",
            hint="`todo connect --local` uses the embedded store",
        )
    return target


def _load_last(app: App) -> str:
    """Return the URL of the database that was connected last; without one, a person is asked."""
    from neontodo.accounts import connected_database

    last = connected_database.load_last_database(app.folder)
    if last is not None and (
        stored := connected_database.load_connected_database(app.secrets, last.store)
    ):
        return stored.url
    if app.streams.is_interactive:
        return _ask(app)
    raise BadValue("there is no database URL", hint=HOW)


def _ask(app: App) -> str:
    text = ask_secret(app, "database URL (it will not be shown):")
    if not text.strip():
        raise BadValue("there is no database URL on standard input", hint="paste it, then press ⏎")
    return text


def _find_in_file(app: App, name: str) -> str:
    """Return the URL among the usual variables of a file like `.env`."""
    values = read_env_file(app, name)
    given = {key: values.get(key) or "" for key in USUAL_VARIABLES}
    found = {key: url for key, url in given.items() if url.lower().startswith("postgres")}
    if not found:
        raise BadValue(
            f"`{name}` names no Postgres database", hint=f"looked for {', '.join(USUAL_VARIABLES)}"
        )
    if len({_parse_server(url).store_id for url in found.values()}) > 1:
        raise BadValue(
            f"`{name}` names several databases: {', '.join(found)}", hint=f"choose one: {HOW}"
        )
    return next(iter(found.values()))


def read_env_file(app: App, name: str) -> dict[str, str | None]:
    """Return what a file like `.env` sets; nothing goes into the environment; raises BadValue."""
    from dotenv import dotenv_values

    path = app.cwd / name
    try:
        with path.open(encoding="utf-8") as file:
            return dotenv_values(stream=file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadValue(f"`{name}` cannot be read: {reason.lower()}") from None


def warn_overruled(app: App) -> bool:
    """Warn of settings that go before what is stored; returns whether one names another store."""
    from neontodo.render.messages import warn

    if app.settings.token is not None:
        warn(app.streams, f"{app.setting_origins['token']} is set and still decides who you are")
    if app.settings.database_url is None:
        return False
    warn(app.streams, f"{app.setting_origins['database_url']} is set and takes precedence")
    return True


def require_no_given_token(app: App) -> None:
    """Make sure that what gets stored would be used."""
    if app.settings.token is not None:
        raise Refused(
            f"{app.setting_origins['token']} supplies the token already",
            hint="unset it, then run the command again",
        )


def offer_move_of_missed_tasks(app: App) -> None:
    """Say where the embedded store's tasks are, if the connected database never had any of yours.

    It is for a person who finds a list empty.
    """
    from neontodo.accounts.move import has_had_tasks
    from neontodo.db.embedded import has_store

    if app.settings.token is not None or app.profile.connected_database is None:
        return
    if not has_store(app.profile.store_path):
        return
    user_id = app.run(app.identify_user()).user_id
    if not app.run(has_had_tasks(app.database, user_id)):
        offer_move(app)


def offer_move(app: App) -> None:
    """Say how the embedded store's tasks are moved, if it has any."""
    from neontodo.render.messages import hint

    try:
        has_tasks = _has_embedded_tasks(app)
    except TodoError:
        # `--move` says what is the matter.
        has_tasks = True
    if has_tasks:
        hint(
            app.streams,
            f"the embedded store's tasks are still in {app.profile.store_path}; "
            "`todo connect --move` moves them to the database",
        )


def _find_owners(app: App) -> list[Owner]:
    """Return who may have tasks in the embedded store; KeyNotAccepted if its key is lost."""
    from neontodo.accounts.move import find_owners

    if app.account is None:
        app.profile.require_key_of_store()
    return find_owners(app.folder, app.profile.store_path, app.account)


def _has_embedded_tasks(app: App) -> bool:
    from neontodo.accounts.move import find_owners_with_tasks

    owners = _find_owners(app)
    if not owners:
        return False
    with open_embedded_store(app) as home:
        return bool(app.run(find_owners_with_tasks(home, owners)))


def move_embedded_tasks(
    app: App, database: Database, connected: ConnectedDatabase, *, yes: bool
) -> None:
    """Move the tasks of the embedded store into a database that was just connected.

    Raises:
        Refused: changes would be left out, and `yes` is off, or a person has not agreed.
        KeyNotAccepted: there is an embedded store, and the key that says whose tasks are is lost.
    """
    from neontodo.accounts.move import find_differences, find_owners_with_tasks
    from neontodo.render.messages import say
    from neontodo.tasks.transfer import Owner

    owners = _find_owners(app)
    if not owners:
        say(app.streams, "nothing to move: there is no embedded store")
        return
    new, key = owners[0], connected.machine_key
    if app.account is None and key is not None:
        new = Owner(key.user_id, key.key_id)
    with open_embedded_store(app) as home:
        owners = app.run(find_owners_with_tasks(home, owners))
        if not owners:
            say(app.streams, "nothing to move: the embedded store has no tasks of yours")
        found = (app.run(find_differences(home, owner, database, new)) for owner in owners)
        if differing := list(chain.from_iterable(found)):
            _confirm_leaving_out(app, differing, yes=yes)
        for owner in owners:
            _print_moved(app, home, app.run(_move(app, home, owner, database, new)))


@contextmanager
def open_embedded_store(app: App) -> Iterator[Database]:
    """Open the profile's embedded store, whichever store is in use."""
    home = app.database_at(SqliteTarget(app.profile.store_path))
    try:
        yield home
    finally:
        app.run(home.close())


def _confirm_leaving_out(app: App, differing: Sequence[DifferingTask], *, yes: bool) -> None:
    """Say which tasks were changed here and stay as they are in the database; ask about that."""
    from neontodo.render.messages import say, warn

    what = f"{pluralize(len(differing), 'task')} changed in the embedded store"
    shown = differing[:DIFFERENCES_SHOWN]
    texts = (f"{task.number} {task.title}: {', '.join(task.differences)}" for task in shown)
    lines = limit_lines(texts, len(differing))
    if not (yes or app.streams.is_interactive):
        raise Refused(
            f"nothing was moved: the database would keep its own version of {what}",
            details=lines,
            hint="the database is in use now: change them there as well, or pass `--yes`; `todo "
            "connect --local` goes back to the embedded store",
        )
    warn(app.streams, f"the database keeps its own version of {what}:")
    for line in lines:
        say(app.streams, f"  {line}")
    if not yes:
        confirm(app, "move the other tasks?", if_not="nothing was moved")


async def _move(app: App, home: Database, old: Owner, database: Database, new: Owner) -> MoveResult:
    from neontodo import formats
    from neontodo.accounts.move import move_tasks
    from neontodo.db.connector import announce_if_slow
    from neontodo.streams import Notice

    with announce_if_slow(Notice(app.streams).show, "moving…"):
        return await move_tasks(
            home,
            old,
            database,
            new,
            needs_key=app.account is None,
            read_records=lambda file: formats.read(file, "json", tz=app.tz, now=app.now),
            now=app.now,
        )


def _print_moved(app: App, home: Database, moved: MoveResult) -> None:
    from neontodo.cli.output import choose_output
    from neontodo.render.messages import print_report, say, warn, warn_unreadable

    if moved.unreadable:
        warn_unreadable(app.streams, moved.unreadable)
    copied, imported = moved.copied, moved.imported
    if imported is not None and imported.added:
        say(app.streams, "the database already had tasks, so the log was not moved")
        print_report(choose_output(app), imported)
    elif imported is not None and (there := imported.already_here + imported.removed_here):
        say(app.streams, f"nothing to move: {pluralize(there, 'task')} moved before")
    elif copied is None or not (copied.tasks or copied.changes):
        say(app.streams, "nothing to move: the embedded store is empty")
    else:
        moved_tasks = pluralize(copied.tasks, "task")
        say(app.streams, f"moved {moved_tasks} with their numbers and their log")
        if copied.unreadable:
            warn(app.streams, f"rows that cannot be read were not moved: {copied.unreadable}")
        say(app.streams, f"the embedded store keeps its copy: {home.target.display}")
