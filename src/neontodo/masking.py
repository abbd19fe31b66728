"""URLs in text for people, without the passwords and keys that may be in them.

What cannot be told apart from a secret is left out: a URL that nobody can read any more costs less
than a password on somebody's screen, or in a CI job's log.
"""

from __future__ import annotations

MASK = "…"


def mask_passwords(text: str) -> str:
    """The text, with `…` for the user name and password of each URL in it that has a password.

    Of a web address whatever stands before its `@`, as a token may stand there alone.
    """
    if "://" not in text or "@" not in text:
        return text
    import re

    # Other than in `USER:PASSWORD@`, as examples have it.
    logins = r"(https?://)[^\s/@`]*@|(://)(?!USER:PASSWORD@)[^\s@/`]*:[^\s`]*@"
    return re.sub(logins, lambda login: f"{login[1] or login[2]}{MASK}@", text, flags=re.I)


def mask_url(url: str) -> str:
    """The address that a setting holds, without user name, password, query and fragment."""
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
    """The text up to the first URL in it, and that URL's scheme; for text that nobody checked."""
    import re

    pattern = r"(\b[a-z][a-z0-9+.-]*://|\bpostgres(?:ql)?:)\S.*"
    return re.sub(pattern, rf"\1{MASK}", text, flags=re.IGNORECASE | re.DOTALL)
