"""Real Better Auth servers for the tests: one Node process for each worker, started when asked for.

A fixture of this module is available everywhere: `auth_server`, or `auth_servers` for all kinds.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from neontodo.accounts.issuers.issuer import Issuer, parse_issuer
from tests.tools import require_tool

PROJECT = Path(__file__).parent / "better_auth"
PASSWORD = "correct horse battery staple"
NEON = {
    "basePath": "/neondb/auth",
    "jwksPath": "/.well-known/jwks.json",
    "cookiePrefix": "neonauth",
}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "cookies": {"bearer": False},
    "neon": {**NEON, "bearer": False, "device": False},
    "path-in-base-url": {"baseURL": "http://127.0.0.1:PORT/api/auth"},
    "ES256": {"alg": "ES256"},
    "RS256": {"alg": "RS256"},
    "PS256": {"alg": "PS256"},
    "ES512": {"alg": "ES512"},
    "hasty": {"device": {"expiresIn": "1.5s"}, "claims": {"expirationTime": "30s"}},
    # With less than a second, the program keeps to the five that the standard says.
    "brisk": {"device": {"interval": "1s"}},
    "unhurried": {"device": {"interval": "1h"}},
    "a-key-for-each-token": {"jwks": {"rotationInterval": 0.001}},
    "eager-sessions": {"session": {"expiresIn": 3600, "updateAge": 0}},
    "foreign-origin": {"baseURL": "http://app.example.com"},
    "trusting": {"baseURL": "http://app.example.com", "trustedOrigins": ["http://127.0.0.1:*"]},
    "other-claims": {"claims": {"issuer": "https://issuer.example", "audience": "todo"}},
    "without-jwt": {"jwt": False},
    "without-passwords": {"passwords": False},
}


@dataclass(frozen=True)
class AuthServer:
    """A Better Auth server of one kind."""

    kind: str
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.origin + str(KINDS[self.kind].get("basePath", "/api/auth"))

    def issuer(self, **given: str) -> Issuer:
        """As `todo login` would take it; Neon's key path, which follows from a host of Neon's."""
        if self.kind == "neon":
            given = {"jwks_url": f"{self.url}/.well-known/jwks.json"} | given
        return parse_issuer(self.url, **given)

    def person(self, name: str = "Ann") -> Person:
        """Somebody new with an account, and a browser that is signed in."""
        email = f"{uuid.uuid4().hex}@example.org"
        headers = {"origin": _trusted(self)}
        body = {"name": name, "email": email, "password": PASSWORD}
        _, answered = self.ask("POST", f"{self.url}/sign-up/email", body, headers)
        return Person(self, email, answered.get("set-cookie", "").partition(";")[0])

    def switch(self, name: str) -> None:
        """Turn one of the server's switches: rotate, end-sessions, down, up."""
        self.ask("POST", f"{self.origin}/test/{name}", {}, {})

    def ask(
        self, method: str, url: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> tuple[Any, dict[str, str]]:
        """Speak to the server as something else than the program does."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(
                method,
                url.removeprefix(self.origin),
                content,
                {"content-type": "application/json"} | headers,
            )
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()


@dataclass(frozen=True)
class Person:
    """Somebody with an account, in front of a browser that is signed in."""

    server: AuthServer
    email: str
    cookie: str

    def approve(self, user_code: str) -> None:
        """Enter a code and say yes."""
        self._decide(user_code, "approve")

    def deny(self, user_code: str) -> None:
        """Enter a code and say no."""
        self._decide(user_code, "deny")

    def rename(self, name: str) -> None:
        """Take another name."""
        self._ask("POST", "/update-user", {"name": name})

    def _decide(self, user_code: str, what: str) -> None:
        self._ask("GET", f"/device?user_code={user_code}", None)
        self._ask("POST", f"/device/{what}", {"userCode": user_code})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        headers = {"cookie": self.cookie, "origin": _trusted(self.server)}
        self.server.ask(method, self.server.url + path, body, headers)


class AuthServers:
    """Servers of every kind, in one process that ends with this one."""

    def __init__(self) -> None:
        node = require_tool("node", package="nodejs")
        _install()
        self._process = subprocess.Popen(
            [node, str(PROJECT / "server.mjs"), json.dumps(KINDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        # A forked child that outlives us would hold the pipe open, and with it the servers.
        os.register_at_fork(after_in_child=self._process.stdin.close)
        ports: dict[str, int] = json.loads(self._process.stdout.readline())
        self._servers = {kind: AuthServer(kind, port) for kind, port in ports.items()}

    def __getitem__(self, kind: str) -> AuthServer:
        return self._servers[kind]

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="session")
def auth_servers() -> Iterator[AuthServers]:
    """Better Auth servers of every kind of this module's `KINDS`."""
    servers = AuthServers()
    yield servers
    servers.stop()


@pytest.fixture
def auth_server(auth_servers: AuthServers) -> Iterator[AuthServer]:
    """A Better Auth server as its documentation sets one up."""
    yield auth_servers["plain"]
    auth_servers["plain"].switch("up")


def _trusted(server: AuthServer) -> str:
    """An origin that the server takes a browser's requests from."""
    base = str(KINDS[server.kind].get("baseURL", server.origin)).replace("PORT", str(server.port))
    return "/".join(base.split("/")[:3])


def _install() -> None:
    """Install what package-lock.json says, once; other processes of the run wait for it."""
    with (Path(tempfile.gettempdir()) / "neontodo-better-auth.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # npm writes this file last.
        if (PROJECT / "node_modules" / ".package-lock.json").exists():
            return
        command = [require_tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
