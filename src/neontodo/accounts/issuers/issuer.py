"""Where tokens come from besides one's own machines: the address and the name of an issuer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from neontodo.errors import BadValue, NotSignedIn

PATH = "/api/auth"
NEON_PATH = "/neondb/auth"
SELF_SIGNED = "neontodo"
"""Who issues the tokens of one's own machines."""
LONGEST = 2000
LONGEST_NAME = 256
SEPARATOR = "#"
"""Between issuer and subject in a user id; no issuer's name holds it."""
_NEON = re.compile(r"[a-z0-9-]+\.neonauth\.(?:[a-z0-9-]+\.)*neon\.tech")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?)+|[0-9a-f:.]+")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*")
_PORTS = {"https": 443, "http": 80}
_EXAMPLE = "such as `https://app.example.com/api/auth`"


@dataclass(frozen=True)
class Issuer:
    """An auth server, and what its tokens must say.

    Attributes:
        url: the base of its API, without a slash at the end.
        issuer: the `iss` of its tokens.
        audience: the `aud` of its tokens.
        jwks_url: where its public keys are.

    Raises:
        BadValue: the `iss` could not be told apart from a subject, or is no name.
    """

    url: str
    issuer: str
    audience: str
    jwks_url: str

    def __post_init__(self) -> None:
        name = self.issuer
        if SEPARATOR in name or not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
            raise BadValue(
                f"an issuer's name has 1 to {LONGEST_NAME} characters, and none is a `{SEPARATOR}`",
                hint="TODO_AUTH_ISSUER must be the `iss` of the issuer's tokens",
            )

    @property
    def host(self) -> str:
        """Its host and port, to be named in messages."""
        return self.origin.partition("://")[2]

    @property
    def origin(self) -> str:
        """Its scheme, host and port."""
        return parse_origin(self.url)

    @property
    def is_neon_auth(self) -> bool:
        """Return whether Neon runs it, with paths and plugins of its own."""
        return _is_neon(urlsplit(self.url).hostname or "")


def parse_issuer(
    url: str,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    jwks_url: str | None = None,
) -> Issuer:
    """Return the issuer at an address as people paste it; the rest is as Better Auth has it.

    Raises:
        BadValue: the address cannot be used, or says what an address must not.
        NotSignedIn: secrets would go over plain http to another machine.
    """
    parts = _split(url, "the issuer's URL")
    is_neon = _is_neon(parts.hostname or "")
    path = parts.path.rstrip("/") or (NEON_PATH if is_neon else PATH)
    base = _origin(parts) + path
    name = issuer or _origin(parts)
    if name == SELF_SIGNED:
        raise BadValue(f"`{SELF_SIGNED}` is what tokens of one's own machines say, and no issuer")
    keys = f"{base}/.well-known/jwks.json" if is_neon else f"{base}/jwks"
    if jwks_url is not None:
        own = _split(jwks_url, "the JWKS URL", risk="put keys of their own there")
        keys = _origin(own) + own.path
    return Issuer(url=base, issuer=name, audience=audience or name, jwks_url=keys)


def build_user_id(issuer: str, subject: str) -> str:
    """Return the user id of the `sub` of an issuer's tokens.

    Every two pairs of issuer and subject have different ids. A machine's own tokens name the user
    id itself.
    """
    return subject if issuer == SELF_SIGNED else f"{issuer}{SEPARATOR}{subject}"


def parse_subject(user_id: str) -> str | None:
    """Return the `sub` in the user id of an issuer's account; None if it is no such id."""
    issuer, _, subject = user_id.partition(SEPARATOR)
    return subject if issuer and subject else None


def parse_origin(url: str) -> str:
    """Return scheme, host and port of a URL in one form, to compare them; empty if it has none."""
    try:
        parts = urlsplit(url)
        return _origin(parts) if parts.scheme in _PORTS and parts.hostname else ""
    except ValueError:
        return ""


def normalize_url(url: str) -> str:
    """Return a web address in its one form, which shows the host that a browser goes to.

    Empty if it is none, or one in which people or browsers may see another host: with a login
    before it, with a backslash, or in other than ASCII letters.
    """
    if not (url.isascii() and url.isprintable()) or "\\" in url or " " in url:
        return ""
    origin = parse_origin(url)
    parts = urlsplit(url) if origin else None
    if parts is None or "@" in parts.netloc or not _HOST.fullmatch(parts.hostname or ""):
        return ""
    query, fragment = parts.query and f"?{parts.query}", parts.fragment and f"#{parts.fragment}"
    return origin + parts.path + query + fragment


def join_url(base: str, url: str) -> str:
    """Return a URL that a server gave, relative to another; empty if it is none."""
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def is_safe(url: str) -> bool:
    """Return whether secrets may be sent to a URL: over TLS, or within this machine."""
    origin = parse_origin(url)
    return origin.startswith("https:") or (
        origin != "" and _is_loopback(urlsplit(url).hostname or "")
    )


def _split(url: str, what: str, *, risk: str = "read the password on its way") -> SplitResult:
    """Take a URL apart and check it; no message repeats it, as a password may be in it."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise BadValue(f"{what} cannot be read", hint=_EXAMPLE) from None
    if "@" in parts.netloc:
        raise BadValue(
            f"{what} must hold no user name or password", hint="leave out what is before the `@`"
        )
    if parts.scheme not in _PORTS:
        raise BadValue(f"{what} must begin with `https://`", hint=_EXAMPLE)
    if "?" in text or "#" in text:
        raise BadValue(f"{what} must end before the `?` or `#`", hint=_EXAMPLE)
    is_readable = text.isprintable() and len(text) <= LONGEST
    path = parts.path.rstrip("/")
    if not (is_readable and _HOST.fullmatch(host) and _PATH.fullmatch(path)):
        raise BadValue(f"{what} cannot be read", hint=_EXAMPLE)
    if not is_safe(text):
        raise NotSignedIn(
            f"{what} must begin with `https://`, else others could {risk}",
            hint="`http://` is for servers on this machine",
        )
    return parts


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def _is_neon(host: str) -> bool:
    return _NEON.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
