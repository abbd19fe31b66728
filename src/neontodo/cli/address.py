"""Which database URL `todo connect` was given, by one of its ways; it never comes back as text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from neontodo.cli.prompt import ask_secret
from neontodo.db.url import USUAL_VARIABLES, extract_url
from neontodo.errors import BadValue

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.db.url import PostgresTarget

STDIN = "-"
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
    elif argument == STDIN:
        url = _ask(app)
    else:
        url = argument if argument is not None else _load_last(app)
    target = _parse_server(url)
    _require_absolute(app, target.sslrootcert)
    return extract_url(url), target


def _require_absolute(app: App, file: str | None) -> None:
    """Make sure that commands in any folder find the file with the authority's certificate.

    Raises:
        BadValue: it is named by where this command is run.
    """
    from neontodo.db.tls import SYSTEM

    if file is not None and file != SYSTEM and not file.startswith(("/", "~")):
        absolute = quote(str((app.cwd / file).resolve()))
        raise BadValue(
            f"`sslrootcert` is not an absolute path: {file}", hint=f"sslrootcert={absolute}"
        )


def _parse_server(url: str) -> PostgresTarget:
    from neontodo.db.url import PostgresTarget, parse_url

    target = parse_url(url)
    if not isinstance(target, PostgresTarget):
        raise BadValue(
            "that is a file, not a Postgres database",
            hint="`todo connect --local` uses the embedded store",
        )
    return target


def _load_last(app: App) -> str:
    """Return the URL of the database that was connected last; without one, a person is asked."""
    from neontodo.accounts import connect

    last = connect.load_last_connection(app.folder)
    if last is not None:
        stored = connect.load_connection(app.secrets, last.store)
        if stored is not None:
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
    """Return the URL among the usual variables of a file like `.env`.

    Raises:
        BadValue: there is none, or there are several and it is not clear which one is meant.
    """
    values = read_env_file(app, name)
    found = {key: url for key in USUAL_VARIABLES if (url := values.get(key)) and _is_postgres(url)}
    if not found:
        raise BadValue(
            f"`{name}` names no Postgres database", hint=f"looked for {', '.join(USUAL_VARIABLES)}"
        )
    if len({_parse_server(url).key for url in found.values()}) > 1:
        raise BadValue(
            f"`{name}` names several databases: {', '.join(found)}", hint=f"choose one: {HOW}"
        )
    return next(iter(found.values()))


def _is_postgres(url: str) -> bool:
    return url.lower().startswith("postgres")


def read_env_file(app: App, name: str) -> dict[str, str | None]:
    """Return what a file like `.env` sets; nothing of it goes into the environment.

    Raises:
        BadValue: it cannot be read.
    """
    from dotenv import dotenv_values

    path = app.cwd / name
    try:
        with path.open(encoding="utf-8") as file:
            return dotenv_values(stream=file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadValue(f"`{name}` cannot be read: {reason.lower()}") from None
