"""Masks the passwords and keys in URLs that people are shown.

What may be a secret is left out: a URL that nobody can read any more costs less than a password on
somebody's screen, or in the log of a CI job.
"""

from __future__ import annotations

MASK = "…"


def mask_passwords(text: str) -> str:
    """Return the text, with `…` for user name and password of each URL that has a password.

    In a web address it replaces everything before the `@`, since a token may be there alone.
    """
    if "://" not in text or "@" not in text:
        return text
    import re

    # Other than in `USER:PASSWORD@`, as examples have it.
    logins = r"(https?://)[^\s/@`]*@|(://)(?!USER:PASSWORD@)[^\s@/`]*:[^\s`]*@"
    return re.sub(logins, lambda login: f"{login[1] or login[2]}{MASK}@", text, flags=re.I)


def mask_url(url: str) -> str:
    """Return the address in a setting without user name, password, query and fragment."""
    scheme, mark, rest = url.strip().rpartition("://") if "://" in url else ("", "", url.strip())
    if "@" in rest:
        rest = f"{MASK}@{rest.rpartition('@')[2]}"
    for start in "?#":
        rest, found, _ = rest.partition(start)
        rest += found and found + MASK
    host, slash, path = rest.partition("/")
    port = host.rpartition("]")[2].partition(":")[2]
    if mark and ("%" in host or (port and not port.isdigit())):
        # `u%3Asecret%40host`, or a password without the host that belongs behind it.
        host = MASK
    return scheme + mark + host + slash + path


def mask_database_urls(text: str) -> str:
    """Return the text up to the first URL in it, and that URL's scheme; for unchecked text."""
    import re

    pattern = r"(\b[a-z][a-z0-9+.-]*://|\bpostgres(?:ql)?:)\S.*"
    return re.sub(pattern, rf"\1{MASK}", text, flags=re.IGNORECASE | re.DOTALL)
