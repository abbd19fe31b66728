"""A database URL as people paste it, taken apart into what the drivers want.

Forms and parameters are those that libpq, Neon's console and SQLAlchemy write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from neontodo.db.url_text import EXAMPLE, decoded, parameters, parts, scheme_and_rest, unusable
from neontodo.errors import BadValue

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
PATIENCE = 15.0
LONGEST_PATIENCE = 3600.0
NEON = ".neon.tech"
POOLER = "-pooler"
SEPARATORS = ":?&;="
"""Signs beside `@` and `/` that stand around the password of a URL or of libpq's `name=value`."""
HOST = re.compile(r"[a-z0-9._-]*[a-z0-9_-]|[0-9a-f]*:[0-9a-f:.]*(?:%[a-z0-9._-]+)?")
"""A name in lower case or an IPv4 address; or one of IPv6, perhaps with an interface."""
# What only tunes libpq, or another client, and means nothing to this one.
IGNORED = frozenset(
    {"gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    | {"tcp_user_timeout", "pgbouncer", "uselibpqcompat", "target_session_attrs"}
    | {"statement_cache_size", "prepared_statement_cache_size"}
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
    sslnegotiation: str | None = None
    options: str | None = None
    connect_timeout: float = PATIENCE
    application_name: str = "todo"
    engine: Literal["postgresql"] = "postgresql"

    @property
    def is_neon(self) -> bool:
        return self.host.endswith(NEON)

    @property
    def is_socket(self) -> bool:
        """Whether the server is reached by a file of this machine, where there is no TLS."""
        return self.host.startswith("/")

    @property
    def is_pooled(self) -> bool:
        """Whether it is known that a transaction pooler stands in between."""
        return self.is_neon and self._label.endswith(POOLER)

    @property
    def direct(self) -> PostgresTarget:
        """The same database without Neon's pooler in between."""
        if not self.is_pooled:
            return self
        return self._with_label(self._label.removesuffix(POOLER))

    @property
    def sister(self) -> PostgresTarget | None:
        """The other way to the same database on Neon: direct for pooled, pooled for direct."""
        if not self.is_neon:
            return None
        return self.direct if self.is_pooled else self._with_label(self._label + POOLER)

    @property
    def startup_options(self) -> str | None:
        """What of `options` the server has to be told; Neon knows its endpoint by the host name."""
        own = {f"{name}={self.direct._label}" for name in ("endpoint", "project")}
        kept = [
            part for part in (self.options or "").split() if not self.is_neon or part not in own
        ]
        return " ".join(kept) or None

    @property
    def display(self) -> str:
        """For people: never the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == 5432 else f":{self.port}"
        return f"postgresql://{self.user}@{host}{port}/{self.database}"

    @property
    def key(self) -> str:
        """Names the database whichever way it is reached: the pooled and the direct host alike."""
        return f"{self.direct.host}:{self.port}/{self.database}"

    @property
    def _label(self) -> str:
        return self.host.partition(".")[0]

    def _with_label(self, label: str) -> PostgresTarget:
        return replace(self, host=f"{label}.{self.host.partition('.')[2]}")


Target = SqliteTarget | PostgresTarget


def parse_url(url: str) -> Target:
    """The store that `url` names.

    Raises:
        BadValue: it is no URL of Postgres or SQLite, or has a parameter nobody knows; the
            message never repeats the URL, since it may hold a password.
    """
    scheme, rest = scheme_and_rest(url)
    match scheme:
        case "sqlite":
            return _sqlite(rest)
        case "postgres" | "postgresql":
            return _postgres(parts(rest))
    raise unusable(f"`{scheme}://` is not supported")


def _sqlite(rest: str) -> SqliteTarget:
    path = decoded(rest.partition("?")[0])
    if not path.startswith("/") or path == "/":
        raise BadValue(
            "an SQLite URL needs the path of a file",
            hint="sqlite:///tasks.db is a relative path, sqlite:////tmp/tasks.db an absolute one",
        )
    return SqliteTarget(Path(path[1:]))


def _postgres(given: dict[str, str]) -> PostgresTarget:
    known = _parameters(given.get("query", ""))
    place = {name: known.pop(name, None) for name in PLACES}
    host = place["host"] or decoded(given.get("host", "").strip("[]"))
    user = place["user"] or decoded(given.get("user", ""))
    database = place["dbname"] or decoded(given.get("database", "")) or user
    password = place["password"] or decoded(given.get("password", "")) or None
    _require_no_secret(user, "user name")
    _require_no_secret(database, "database name")
    if "," in host + given.get("port", ""):
        raise unusable("a database URL with several hosts is not supported")
    if not host or not user:
        raise unusable(f"the database URL names no {'user' if host else 'host'}")
    port = _port(place["port"] or given.get("port") or "5432")
    if not host.startswith("/"):
        # A dot at the end makes a name absolute; it is the same host.
        host = _name(host.lower().removesuffix("."))
    converted = {name: PARAMETERS[name](value) for name, value in known.items()}
    arguments: dict[str, Any] = {name: value for name, value in converted.items() if value}
    return PostgresTarget(host, port, user, database, password, **arguments)


def _require_no_secret(name: str, what: str) -> None:
    """Make sure that a part that gets shown does not hold a password.

    `u%3Asecret@host` and `/db&password=secret` have one where libpq reads a name.

    Raises:
        BadValue: there is a sign in it that separates a password from other parts of a URL.
    """
    # Twice encoded it is a mistake as well.
    if any(sign in unquote(name) for sign in SEPARATORS):
        raise BadValue(
            f"the {what} of the database URL holds one of `{SEPARATORS}`, so it may be a password",
            hint=f"write the signs between the parts of the URL as they are: {EXAMPLE}",
        )


def _parameters(query: str) -> dict[str, str]:
    known = {}
    for name, value in parameters(query):
        if name == "ssl":
            # SQLAlchemy's name for it, and JDBC's `ssl=true`.
            known["sslmode"] = "require" if value == "true" else value
        elif name in PARAMETERS or name in PLACES:
            known[name] = value
        elif name not in IGNORED:
            # After a password with an `&` in it, this is the rest of that.
            which = "" if "password" in known else f" `{name}`"
            raise unusable(f"the database URL has an unknown parameter{which}")
    return known


def _name(host: str) -> str:
    refusal = unusable("the host of the database URL is no host name")
    # A resolver may take another alphabet's signs for these: `。` is a dot to it.
    if HOST.fullmatch(host) is None:
        raise refusal
    try:
        host.encode("idna")
    except UnicodeError:
        raise refusal from None
    return host


def _one_of(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def convert(value: str) -> str:
        if value not in choices:
            raise unusable(f"`{name}` must be one of {', '.join(choices)}")
        return value

    return convert


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise unusable("the port of the database URL must be a number from 1 to 65535")
    return int(text)


def _seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]+", value):
        raise unusable("`connect_timeout` must be a whole number of seconds")
    return min(float(value) or PATIENCE, LONGEST_PATIENCE)


PLACES = ("host", "port", "user", "password", "dbname")
PARAMETERS: dict[str, Callable[[str], str | float]] = {
    "sslmode": _one_of("sslmode", SSL_MODES),
    "channel_binding": _one_of("channel_binding", ("disable", "prefer", "require")),
    "sslrootcert": str,
    "sslnegotiation": _one_of("sslnegotiation", ("postgres", "direct")),
    "options": str,
    "connect_timeout": _seconds,
    "application_name": str,
}
