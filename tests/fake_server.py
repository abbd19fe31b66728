"""A server that gets as far as TLS and then says one thing: for certificates and refusals."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import ExitStack
from pathlib import Path

from tests.listener import Listener

SSL_REQUEST = struct.pack("!ll", 8, 80877103)
TLS_HANDSHAKE = 0x16


class FakeServer(Listener):
    """Every client that logs in gets the same error.

    Args:
        cert_file, key_file: for TLS; without them the server says that it has none.
        refusal: the SQLSTATE and the text of the error.

    Attributes:
        heard: how each client began: `tls` (an SSLRequest), `direct`, or `plain`.
        logins: the startup messages that reached it, by whichever way.
    """

    def __init__(
        self,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        refusal: tuple[str, str] = ("28P01", "password authentication failed"),
    ) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.logins: list[bytes] = []
        self.refusal = refusal
        self._context: ssl.SSLContext | None = None
        if cert_file is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(cert_file, key_file)
            self._context.set_alpn_protocols(["postgresql"])

    def url(self, parameters: str = "", host: str = "localhost") -> str:
        """The database URL of this server."""
        return f"postgresql://alex:hunter2@{host}:{self.port}/d?{parameters}"

    def _answer(self, client: socket.socket) -> None:
        with ExitStack() as opened:
            self._refuse(client, opened)

    def _refuse(self, client: socket.socket, opened: ExitStack) -> None:
        first = client.recv(8, socket.MSG_PEEK)
        if first[:1] == bytes([TLS_HANDSHAKE]):
            self.heard.append("direct")
            client = opened.enter_context(self._secured(client))
        elif first == SSL_REQUEST:
            self.heard.append("tls")
            client.recv(8)
            if self._context is None:
                client.sendall(b"N")
                return
            client.sendall(b"S")
            client = opened.enter_context(self._secured(client))
        else:
            self.heard.append("plain")
        if login := client.recv(4096):
            self.logins.append(login)
            client.sendall(self._error())

    def _secured(self, client: socket.socket) -> socket.socket:
        assert self._context is not None
        secured = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    def _error(self) -> bytes:
        code, text = self.refusal
        fields = (("S", "ERROR"), ("V", "ERROR"), ("C", code), ("M", text))
        body = b"".join(f"{kind}{value}\0".encode() for kind, value in fields) + b"\0"
        return b"E" + struct.pack("!l", len(body) + 4) + body
