"""What `sslmode` asks for, in the terms of Python's TLS.

On Neon, and with `channel_binding=require`, the certificate and the host name are always verified:
asyncpg has no channel binding, and verification stops the same attacker in the middle.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from neontodo.db.url import PostgresTarget
from neontodo.errors import BadValue


def must_verify(target: PostgresTarget) -> bool:
    """Whether nothing less than a verified certificate and host name will do."""
    return target.is_neon or target.channel_binding == "require" or target.sslrootcert == "system"


def tls_argument(target: PostgresTarget) -> ssl.SSLContext | str:
    """asyncpg's `ssl` argument: a context, or libpq's word where TLS is optional."""
    if must_verify(target):
        if target.sslmode == "disable" and not target.is_neon:
            raise BadValue("`sslmode=disable` contradicts the rest of the database URL")
        return _context(target, verify="full")
    match target.sslmode:
        case "verify-full":
            return _context(target, verify="full")
        case "verify-ca":
            return _context(target, verify="ca")
        case "require":
            return _context(target, verify="ca" if target.sslrootcert else "nothing")
        case optional:
            return optional


def direct_tls(target: PostgresTarget) -> bool:
    """Whether TLS starts with the first byte, which saves a round trip."""
    return target.is_neon or target.sslnegotiation == "direct"


def _context(target: PostgresTarget, *, verify: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=_root_file(target))
    if not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["postgresql"])
    if verify != "full":
        context.check_hostname = False
    if verify == "nothing":
        context.verify_mode = ssl.CERT_NONE
    if not target.is_neon:
        # Postgres up to 17 prefers P-256, Python offers X25519 first: a round trip to agree.
        context.set_ecdh_curve("prime256v1")
    return context


def _root_file(target: PostgresTarget) -> str | None:
    if target.sslrootcert in (None, "system"):
        return None
    path = Path(str(target.sslrootcert)).expanduser()
    if not path.is_file():
        raise BadValue(f"the file of `sslrootcert` does not exist: {path}")
    return str(path)
