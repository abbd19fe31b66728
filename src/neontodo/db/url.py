"""A database URL as people paste it, parsed into what the drivers need.

Forms and parameters are those that libpq, Neon's console and SQLAlchemy write. No message repeats
any part of the URL that could be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from neontodo.errors import BadValue

USUAL_VARIABLES = (
    "NEON_DATABASE_URL",
    "NEON_POOLED_DATABASE_URL",
    "DATABASE_URL",
    "DATABASE_URL_DIRECT",
    "DIRECT_URL",
)
"""What others call a database URL, Neon's own first."""

EXAMPLE = "postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=require"
USE_TLS = "use `sslmode=require`, or `sslmode=verify-full` to check the server's certificate"

_PASTED = re.compile(r"(?:psql\s+|(?:export\s+)?[A-Za-z_]\w*=)?(['\"]?)(.*)\1;?", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_REST = (
    r"(?P<host>\[[^]@]*\]|[^:/?#@\[\]]*)(?::(?P<port>[\d,][^/?@]*|))?"
    r"(?:/(?P<database>[^?@]*))?(?:\?(?P<query>.*))?"
)
# libpq ends a password at its first `@` or `/`. Whoever did not write these as %40 and %2F meant
# the last `@`, since neither a host nor a database has one.
_READINGS = (
    re.compile(rf"(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?{_REST}"),
    re.compile(rf"(?P<user>[^:@/]*):(?P<password>.*)@{_REST}"),
)

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
    """A database on a Postgres server, and how to reach it; `connect_timeout` is in seconds.

    Without an `sslmode`, a server elsewhere than on Neon that offers no TLS is used without it.
    """

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    sslmode: str | None = None
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
        return self._with_label(self._label.removesuffix(POOLER)) if self.is_pooled else self

    @property
    def sister(self) -> PostgresTarget | None:
        """The other way to the same database on Neon: direct for pooled, pooled for direct."""
        if not self.is_neon:
            return None
        return self.direct if self.is_pooled else self._with_label(self._label + POOLER)

    @property
    def startup_options(self) -> str | None:
        """What of `options` the server has to be told; Neon knows its endpoint by the host name."""
        label = self.direct._label
        known = {f"endpoint={label}", f"project={label}"} if self.is_neon else set()
        kept = [part for part in (self.options or "").split() if part not in known]
        return " ".join(kept) or None

    @property
    def display(self) -> str:
        """For people: never the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == 5432 else f":{self.port}"
        return f"postgresql://{self.user}@{host}{port}/{self.database}"

    @property
    def store_id(self) -> str:
        """Names the database whichever way it is reached: the pooled and the direct host alike."""
        return f"{self.direct.host}:{self.port}/{self.database}"

    @property
    def _label(self) -> str:
        return self.host.partition(".")[0]

    def _with_label(self, label: str) -> PostgresTarget:
        return replace(self, host=f"{label}.{self.host.partition('.')[2]}")


Target = SqliteTarget | PostgresTarget


def parse_url(url: str) -> Target:
    """Return the store that `url` names.

    Raises:
        BadValue: it is no URL of Postgres or SQLite, or has a parameter nobody knows; the
            message never repeats the URL, since it may hold a password.
    """
    found = _SCHEME.fullmatch(extract_url(url))
    if found is None:
        raise _url_error("this is not a database URL")
    # SQLAlchemy's have the name of a driver after a plus.
    scheme, rest = found[1].lower().partition("+")[0], found[2]
    if scheme in ("postgres", "postgresql"):
        return _parse_postgres(_split_rest(rest))
    if scheme != "sqlite":
        raise _url_error(f"`{scheme}://` is not supported")
    path = _decode(rest.partition("?")[0])
    if not path.startswith("/") or path == "/":
        raise BadValue(
            "an SQLite URL needs the path of a file",
            hint="sqlite:///tasks.db is a relative path, sqlite:////tmp/tasks.db an absolute one",
        )
    return SqliteTarget(Path(path[1:]))


def _parse_postgres(given: dict[str, str]) -> PostgresTarget:
    known = _read_parameters(given.get("query", ""))
    place = {name: known.pop(name, None) for name in PLACES}
    host = place["host"] or _decode(given.get("host", "").strip("[]"))
    user = place["user"] or _decode(given.get("user", ""))
    database = place["dbname"] or _decode(given.get("database", "")) or user
    password = place["password"] or _decode(given.get("password", "")) or None
    _require_no_secret(user, "user name")
    _require_no_secret(database, "database name")
    if "," in host + given.get("port", ""):
        raise _url_error("a database URL with several hosts is not supported")
    if not host or not user:
        raise _url_error(f"the database URL names no {'user' if host else 'host'}")
    port = place["port"] or given.get("port") or "5432"
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise _url_error("the port of the database URL must be a number from 1 to 65535")
    if not host.startswith("/"):
        # A dot at the end makes a name absolute; it is the same host.
        host = _check_host(host.lower().removesuffix("."))
    converted = {name: PARAMETERS[name](value) for name, value in known.items()}
    arguments: dict[str, Any] = {name: value for name, value in converted.items() if value}
    return PostgresTarget(host, int(port), user, database, password, **arguments)


def _require_no_secret(name: str, what: str) -> None:
    """Raise BadValue if a part that gets shown has a sign in it that stands around a password.

    `u%3Asecret@host` and `/db&password=secret` have one where libpq reads a name.
    """
    # Twice encoded it is a mistake as well.
    if any(sign in unquote(name) for sign in SEPARATORS):
        raise BadValue(
            f"the {what} of the database URL contains one of `{SEPARATORS}` and may be a password",
            hint=f"do not percent-encode the separators of the URL: {EXAMPLE}",
        )


def _read_parameters(query: str) -> dict[str, str]:
    """Return the parameters that mean something here, decoded; a `+` in one is a plus."""
    found = []
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        # What is no plain name may be the rest of a password.
        if not equals or not re.fullmatch(r"[A-Za-z_.]{1,40}", name):
            raise _url_error("the database URL has a parameter that cannot be read")
        found.append((name, _decode(value)))
    known = {}
    for name, value in found:
        if name == "ssl":
            raise BadValue("the parameter `ssl` is not supported in a database URL", hint=USE_TLS)
        if name in PARAMETERS or name in PLACES:
            known[name] = value
        elif name not in IGNORED:
            # After a password with an `&` in it, this is the rest of that.
            which = "" if "password" in known else f" `{name}`"
            raise _url_error(f"the database URL has an unknown parameter{which}")
    return known


def _check_host(host: str) -> str:
    # A resolver may take another alphabet's signs for these: `。` is a dot to it.
    if HOST.fullmatch(host) is not None:
        with suppress(UnicodeError):
            host.encode("idna")
            return host
    raise _url_error("the host of the database URL is no host name")


def _parse_sslmode(value: str) -> str:
    if value in ("allow", "prefer"):
        raise BadValue(f"`sslmode={value}` is not supported", hint=USE_TLS)
    return _require_one_of("sslmode", "disable", "require", "verify-ca", "verify-full")(value)


def _require_one_of(name: str, *choices: str) -> Callable[[str], str]:
    def convert(value: str) -> str:
        if value not in choices:
            raise _url_error(f"`{name}` must be one of {', '.join(choices)}")
        return value

    return convert


def _parse_seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]+", value):
        raise _url_error("`connect_timeout` must be a whole number of seconds")
    return min(float(value) or PATIENCE, LONGEST_PATIENCE)


def extract_url(text: str) -> str:
    """Return the URL in what Neon's console offers: alone, in a `psql` command or a variable."""
    found = _PASTED.fullmatch(text.strip())
    return found[2].strip() if found else text.strip()


def _split_rest(rest: str) -> dict[str, str]:
    """Return user, password, host, port, database and query, still encoded, if not empty."""
    if re.search(r"[\s\x00-\x1f\x7f]", rest):
        raise _url_error("the database URL holds a space or a line break")
    for reading in _READINGS:
        if match := reading.fullmatch(rest):
            return {name: part for name, part in match.groupdict().items() if part}
    raise BadValue(
        "the database URL cannot be read",
        hint="signs like `@`, `/`, `#` and `%` in a password are written as %40, %2F, %23 and %25",
    )


def _decode(text: str) -> str:
    """Return the text without its percent encoding."""
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _url_error("the database URL is not valid UTF-8") from None
    if "\0" in plain:
        raise _url_error("the database URL holds a NUL character")
    return plain


def _url_error(message: str) -> BadValue:
    """Return the error for a URL, with an example as its hint."""
    return BadValue(message, hint=f"a database URL looks like {EXAMPLE}")


PLACES = ("host", "port", "user", "password", "dbname")
PARAMETERS: dict[str, Callable[[str], str | float]] = {
    "sslmode": _parse_sslmode,
    "channel_binding": _require_one_of("channel_binding", "disable", "prefer", "require"),
    "sslrootcert": str,
    "sslnegotiation": _require_one_of("sslnegotiation", "postgres", "direct"),
    "options": str,
    "connect_timeout": _parse_seconds,
    "application_name": str,
}
