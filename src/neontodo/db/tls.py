"""The TLS that a database URL asks for, as Python's SSL contexts.

On Neon, and with `channel_binding=require`, the certificate and the host name are always verified:
asyncpg has no channel binding, and verification stops the same attacker in the middle. Elsewhere
`sslmode` means what it does for libpq, but `verify-full` without a file trusts the system's
authorities.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal

from neontodo.db.url import PostgresTarget
from neontodo.errors import BadValue, explain_os_error

Verify = Literal["nothing", "ca", "full"]

SYSTEM = "system"
_REASONS = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate comes from an authority that is not trusted here",
    20: "its certificate comes from an authority that is not trusted here",
    21: "its certificate comes from an authority that is not trusted here",
    62: "its certificate is for another host name",
    64: "its certificate is for another host name",
}


def make_context(target: PostgresTarget) -> ssl.SSLContext | None:
    """Return the TLS context for the server; None for plain text.

    Raises:
        BadValue: the URL's parameters contradict each other, or name a file that cannot be used.
    """
    if target.is_socket:
        return None
    verify = choose_verification(target)
    if target.sslnegotiation == "direct" and (verify is None or is_tls_optional(target)):
        raise BadValue("`sslnegotiation=direct` needs `sslmode=require` or a stricter one")
    if verify is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    context.check_hostname = verify == "full"
    if verify == "nothing":
        context.verify_mode = ssl.CERT_NONE
    elif (path := _find_root_file(target)) is not None:
        _trust_file(context, path)
    elif verify == "full":
        trust_system(context)
    else:
        raise BadValue(
            "`sslmode=verify-ca` needs the certificate of the authority",
            hint="put it in `~/.postgresql/root.crt`, or name its file in `sslrootcert`",
        )
    if not target.is_neon:
        # Postgres up to 17 prefers P-256, Python offers X25519 first: a round trip to agree.
        context.set_ecdh_curve("prime256v1")
    return context


def is_tls_optional(target: PostgresTarget) -> bool:
    """Tell whether a server that offers no TLS is used without it."""
    return target.sslmode is None and not _needs_verification(target)


def choose_verification(target: PostgresTarget) -> Verify | None:
    """Return how much of the certificate is verified; None for plain text."""
    if _needs_verification(target):
        if target.sslmode == "disable" and not target.is_neon:
            raise BadValue("`sslmode=disable` contradicts the rest of the database URL")
        return "full"
    match target.sslmode:
        case "disable":
            return None
        case "verify-full":
            return "full"
        case "verify-ca":
            return "ca"
        case "require" if _find_root_file(target):
            # As libpq does, for the sake of those who have put a root certificate there.
            return "ca"
    return "nothing"


def _needs_verification(target: PostgresTarget) -> bool:
    return target.is_neon or target.channel_binding == "require" or target.sslrootcert == SYSTEM


def has_direct_tls(target: PostgresTarget) -> bool:
    """Tell whether TLS starts with the first byte, which saves a round trip."""
    usual = "direct" if target.is_neon else "postgres"
    return not target.is_socket and (target.sslnegotiation or usual) == "direct"


def explain_tls_error(error: ssl.SSLError) -> str:
    """Return why the server was not trusted, or why there is no TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _REASONS.get(error.verify_code)
        return known or f"its certificate is not valid: {error.verify_message.rstrip('.')}"
    return "no secure connection could be made"


def _trust_file(context: ssl.SSLContext, path: Path) -> None:
    revoked = path.with_name("root.crl")
    if revoked == _find_libpq_file("root.crl") and revoked.exists():
        raise BadValue(
            f"lists of revoked certificates are not supported: {revoked}",
            hint="move that file away to connect without it",
        )
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise BadValue(f"there is no certificate in {path}") from None
    except OSError as error:
        reason = explain_os_error(error)
        raise BadValue(f"{path} cannot be read: {reason}") from None


def trust_system(context: ssl.SSLContext) -> None:
    """Trust the system's authorities; Mozilla's where it has none, as in slim containers."""
    context.load_default_certs()
    # What is in a folder is read when it is needed, and not counted before.
    folder = ssl.get_default_verify_paths().capath
    if context.cert_store_stats()["x509_ca"] or (folder and any(Path(folder).glob("*.[0-9]"))):
        return
    import certifi

    context.load_verify_locations(certifi.where())


def _find_root_file(target: PostgresTarget) -> Path | None:
    """Return the file with the authorities to trust; None for the system's."""
    if target.sslrootcert == SYSTEM:
        return None
    if target.sslrootcert is not None:
        given = Path(target.sslrootcert).expanduser()
        if not given.is_file():
            raise BadValue(f"the file of `sslrootcert` does not exist: {given}")
        return given
    own = None if target.is_neon else _find_libpq_file("root.crt")
    return own if own is not None and own.is_file() else None


def _find_libpq_file(name: str) -> Path | None:
    """Return where libpq looks for a file of the user's, if the user has a home."""
    try:
        return Path.home() / ".postgresql" / name
    except (RuntimeError, KeyError):
        return None
