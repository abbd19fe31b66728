"""Try the way to a server step by step: its name, a connection, TLS, the certificate.

Nothing is sent that could tell a secret: the login is the driver's.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from neontodo.clock import format_duration
from neontodo.db import tls
from neontodo.db.errors_postgres import explain_failure
from neontodo.db.url import PostgresTarget
from neontodo.doctor import Note
from neontodo.errors import StoreUnavailable

SSL_REQUEST = struct.pack("!ll", 8, 80877103)
TLS_HINT = "if the certificate's authority is your own, name its file with `sslrootcert`"
SOON = timedelta(days=7)
"""How long before its end a certificate is worth a note."""


@contextlib.contextmanager
def _explain_errors(hint: str) -> Iterator[None]:
    """Turn an error of the network into its reason, with a hint where to look."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(explain_failure(error), hint=hint) from error


class ConnectionSteps:
    """Steps to a server, each of which needs the one before.

    Attributes:
        is_plain: whether the URL or the server wants no TLS.
    """

    def __init__(self, target: PostgresTarget) -> None:
        self.target = target
        self.is_plain = False
        self._addresses: list[Any] = []

    def resolve_host(self) -> str:
        """Return the addresses of the host."""
        host, port = self.target.host, self.target.port
        with _explain_errors("check the host name in the database URL, and this machine's network"):
            self._addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return ", ".join(dict.fromkeys(str(found[4][0]) for found in self._addresses))

    def connect(self) -> str:
        """Return the first address that answers; every command waits for those before it."""
        silent: list[tuple[str, OSError]] = []
        for family, kind, protocol, _, address in self._addresses:
            try:
                with socket.socket(family, kind, protocol) as connection:
                    connection.settimeout(self.target.connect_timeout)
                    connection.connect(address)
            except OSError as error:
                silent.append((address[0], error))
            else:
                where = f"{address[0]}, port {self.target.port}"
                if not silent:
                    return where
                tried = ", ".join(host for host, _ in silent)
                return Note(f"{where}; tried first, without an answer: {tried}")
        hint = "check the port in the database URL, and whether a firewall is in between"
        raise StoreUnavailable(explain_failure(silent[0][1]), hint=hint) from silent[0][1]

    def negotiate_tls(self) -> str:
        """Return how the connection is protected."""
        context = tls.make_context(self.target)
        if context is None:
            self.is_plain = True
            return Note("none: the database URL has `sslmode=disable`")
        verified = tls.choose_verification(self.target)
        with _explain_errors(TLS_HINT):
            try:
                with self._open_tls(context) as secured:
                    version = secured.version()
            except StoreUnavailable:
                if not tls.is_tls_optional(self.target):
                    raise
                return Note(
                    "none: the server offers none, and the database URL does not require it"
                )
        if verified in ("ca", "full"):
            return f"{version}, verified: {'host name and ' * (verified == 'full')}authority"
        return Note(f"{version}, and the certificate is not verified")

    def fetch_certificate(self) -> str:
        """Return whose certificate it is, and until when, trusted or not."""
        from cryptography import x509

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["postgresql"])
        with _explain_errors(TLS_HINT), self._open_tls(context) as secured:
            der = secured.getpeercert(binary_form=True)
        if der is None:
            raise StoreUnavailable(f"{self.target.display} shows no certificate")
        found = x509.load_der_x509_certificate(der)
        end = found.not_valid_after_utc
        left = end - datetime.now(UTC)
        until = f"until {end:%Y-%m-%d} ({format_duration(left) if left > timedelta() else 'past'})"
        text = f"of {_find_name(found.subject)}, by {_find_name(found.issuer)}, {until}"
        return Note(text) if left < SOON else text

    @contextlib.contextmanager
    def _open_tls(self, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
        place, patience = (self.target.host, self.target.port), self.target.connect_timeout
        with socket.create_connection(place, timeout=patience) as connection:
            if not tls.has_direct_tls(self.target):
                connection.sendall(SSL_REQUEST)
                if connection.recv(1) != b"S":
                    self.is_plain = True
                    hint = "`sslmode` in the database URL requires it"
                    raise StoreUnavailable("the server offers no TLS", hint=hint)
            with context.wrap_socket(connection, server_hostname=self.target.host) as secured:
                yield secured


def _find_name(name: Any) -> str:
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := name.get_attributes_for_oid(kind):
            return str(found[0].value)
    return str(name.rfc4514_string())
