"""Passwords of login roles, and the form in which a server is told them.

A server is given a SCRAM verifier, as by psql's `\\password`: neither its statement log nor
pg_stat_statements holds a password then. Neon refuses verifiers, and is given the password itself,
over TLS.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from neontodo.errors import TodoError, causes

if TYPE_CHECKING:
    from neontodo.db.url import PostgresTarget

T = TypeVar("T")
Encode = Callable[[str], str]
"""Gives the form of a password that CREATE ROLE and ALTER ROLE are given."""

ITERATIONS = 4096
SALT_BYTES = 16
ONLY_PLAINTEXT = "only supports being given plaintext passwords"
"""Part of what Neon's control plane answers to a verifier, at COMMIT (from public reports)."""


def new_password() -> str:
    """Return a password that needs no quoting anywhere."""
    return secrets.token_urlsafe(32)


def scram_verifier(password: str) -> str:
    """Return what Postgres stores of an ASCII password (RFC 5803), with a new salt."""
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    of_salt, of_client, of_server = (
        b64encode(part).decode() for part in (salt, stored_key, server_key)
    )
    return f"SCRAM-SHA-256${ITERATIONS}:{of_salt}${of_client}:{of_server}"


async def set_passwords(target: PostgresTarget, work: Callable[[Encode], Awaitable[T]]) -> T:
    """Do work that sets passwords in one transaction, and again if that takes no verifiers.

    Neon is known by its host names; behind another name it is known by its refusal, which rolls
    the transaction back.
    """
    if not target.is_neon:
        try:
            return await work(scram_verifier)
        except TodoError as error:
            if not any(ONLY_PLAINTEXT in str(cause) for cause in causes(error)):
                raise
    return await work(str)
