"""The parts of a database URL's text, read as libpq reads them, and forgiving where people paste.

No message repeats any part of the text that could be a password.
"""

from __future__ import annotations

import re
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


def pasted(text: str) -> str:
    """The URL in what Neon's console offers: as it is, as a `psql` command, or as a variable."""
    found = _PASTED.fullmatch(text.strip())
    return found[2].strip() if found else text.strip()


def scheme_and_rest(url: str) -> tuple[str, str]:
    """The scheme in lower case, without a driver's name, and what follows `://`."""
    found = _SCHEME.fullmatch(pasted(url))
    if found is None:
        raise unusable("this is not a database URL")
    return found[1].lower().partition("+")[0], found[2]


def parts(rest: str) -> dict[str, str]:
    """User, password, host, port, database and query, still encoded; those that are not empty."""
    if re.search(r"[\s\x00-\x1f\x7f]", rest):
        raise unusable("the database URL holds a space or a line break")
    for reading in _READINGS:
        if match := reading.fullmatch(rest):
            return {name: part for name, part in match.groupdict().items() if part}
    raise BadValue(
        "the database URL cannot be read",
        hint="signs like `@`, `/`, `#` and `%` in a password are written as %40, %2F, %23 and %25",
    )


def parameters(query: str) -> list[tuple[str, str]]:
    """Names and decoded values of a query; a `+` in it is a plus."""
    found = []
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        # What is no plain name may be the rest of a password.
        if not equals or not re.fullmatch(r"[A-Za-z_.]{1,40}", name):
            raise unusable("the database URL has a parameter that cannot be read")
        found.append((name, decoded(value)))
    return found


def decoded(text: str) -> str:
    """The text without its percent signs."""
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise unusable("the database URL is not valid UTF-8") from None
    if "\0" in plain:
        raise unusable("the database URL holds a NUL character")
    return plain


def unusable(message: str) -> BadValue:
    """The refusal of a URL, with an example."""
    return BadValue(message, hint=f"a database URL looks like {EXAMPLE}")
