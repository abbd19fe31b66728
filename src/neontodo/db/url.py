"""A database URL as people paste it, taken apart into what the drivers want.

Forms and parameters are those that libpq, Neon's console and SQLAlchemy write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from neontodo.errors import BadValue

EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=require"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# What only tunes libpq, or another client, and means nothing to this one.
IGNORED = frozenset(
    {"gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    | {"pgbouncer", "uselibpqcompat", "target_session_attrs"}
)


@dataclass(frozen=True)
class SqliteTarget:
    """An embedded store: one file."""

    path: Path
    engine: Literal["sqlite"] = "sqlite"

    @property
    def display(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class PostgresTarget:
    """A Postgres server's database, and how to reach it; `connect_timeout` is in seconds."""

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    sslmode: str = "prefer"
    channel_binding: str = "prefer"
    sslrootcert: str | None = None
    sslnegotiation: str = "postgres"
    options: str | None = None
    connect_timeout: float = 15.0
    application_name: str = "todo"
    engine: Literal["postgresql"] = "postgresql"

    @property
    def is_neon(self) -> bool:
        return self.host.endswith(".neon.tech")

    @property
    def display(self) -> str:
        """For people: never the password."""
        port = "" if self.port == 5432 else f":{self.port}"
        return f"postgresql://{self.user}@{self.host}{port}/{self.database}"

    @property
    def key(self) -> str:
        """Names the database whichever way it is reached: the pooled and the direct host alike."""
        label, dot, rest = self.host.partition(".")
        host = label.removesuffix("-pooler") + dot + rest if self.is_neon else self.host
        return f"{host}:{self.port}/{self.database}"


Target = SqliteTarget | PostgresTarget


def parse_url(url: str) -> Target:
    """The store that `url` names.

    Raises:
        BadValue: it is no URL of Postgres or SQLite, or has a parameter nobody knows; the
            message never repeats the URL, since it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or 5432
    except ValueError:
        raise _bad("the database URL cannot be read") from None
    scheme = parts.scheme.partition("+")[0]
    if scheme == "sqlite":
        return _sqlite(url.strip())
    if scheme not in ("postgres", "postgresql"):
        what = f"`{scheme}://` is not supported" if "://" in url else "this is not a database URL"
        raise _bad(what)
    return _postgres(parts, port)


def _bad(message: str) -> BadValue:
    return BadValue(message, hint=f"a database URL looks like {EXAMPLE}")


def _sqlite(url: str) -> SqliteTarget:
    path = unquote(url.partition("://")[2].partition("?")[0])
    if not path.startswith("/") or path == "/":
        raise BadValue(
            "an SQLite URL needs the path of a file",
            hint="sqlite:///tasks.db is a relative path, sqlite:////tmp/tasks.db an absolute one",
        )
    return SqliteTarget(Path(path[1:]))


def _postgres(parts: SplitResult, port: int) -> PostgresTarget:
    known = _parameters(parts.query)
    host = known.pop("host", parts.hostname)
    user = known.pop("user", unquote(parts.username or ""))
    database = known.pop("dbname", unquote(parts.path.removeprefix("/"))) or user
    password = known.pop("password", unquote(parts.password) if parts.password else None)
    if not host or not user:
        raise _bad(f"the database URL names no {'user' if host else 'host'}")
    if "," in host:
        raise _bad("a database URL with several hosts is not supported")
    arguments = {
        name: convert(known[name]) for name, convert in PARAMETERS.items() if name in known
    }
    return PostgresTarget(host, port, user, database, password, **arguments)  # type: ignore[arg-type]


def _parameters(query: str) -> dict[str, str]:
    known = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in PARAMETERS or name in ("host", "user", "password", "dbname"):
            known[name] = value
        elif name not in IGNORED:
            raise _bad(f"the database URL has an unknown parameter `{name}`")
    return known


def _one_of(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def convert(value: str) -> str:
        if value not in choices:
            raise _bad(f"`{name}` must be one of {', '.join(choices)}")
        return value

    return convert


def _seconds(value: str) -> float:
    if not value.isascii() or not value.isdigit():
        raise _bad("`connect_timeout` must be a whole number of seconds")
    return float(value) or 15.0


PARAMETERS: dict[str, Callable[[str], str | float]] = {
    "sslmode": _one_of("sslmode", SSL_MODES),
    "channel_binding": _one_of("channel_binding", ("disable", "prefer", "require")),
    "sslrootcert": str,
    "sslnegotiation": _one_of("sslnegotiation", ("postgres", "direct")),
    "options": str,
    "connect_timeout": _seconds,
    "application_name": str,
}
