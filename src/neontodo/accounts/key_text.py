"""Ed25519 keys as text, and their names."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from neontodo.errors import NotSignedIn

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )


def new_private() -> Ed25519PrivateKey:
    """Make a private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def private_text(key: Ed25519PrivateKey) -> str:
    """Write a private key as base64url of its 32 bytes."""
    return to_base64url(key.private_bytes_raw())


def private_from_text(text: str) -> Ed25519PrivateKey:
    """Read a private key as `private_text` writes it; ValueError if it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(from_base64url(text))


def public_text(key: Ed25519PublicKey) -> str:
    """Write a public key as base64url of its 32 bytes."""
    return to_base64url(key.public_bytes_raw())


def public_from_text(text: str) -> Ed25519PublicKey:
    """Read a public key as `public_text` writes it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        return Ed25519PublicKey.from_public_bytes(from_base64url(text))
    except ValueError as error:
        raise NotSignedIn(
            "the store's public key for this token is damaged", hint="make another token"
        ) from error


def thumbprint(key: Ed25519PublicKey) -> str:
    """Name a public key by its JWK thumbprint (RFC 7638), 43 characters."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{public_text(key)}"}}'
    return to_base64url(hashlib.sha256(jwk.encode()).digest())


def to_base64url(data: bytes) -> str:
    """Encode without padding, as JSON Web Tokens do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode what `to_base64url` made, and raise ValueError for anything else."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
    if to_base64url(data) != text:
        raise ValueError("not base64url")
    return data
