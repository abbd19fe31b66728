"""Keys of each kind that an issuer may have, as it shows them, and what it signs with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from neontodo.accounts.issuers.issuer import Issuer
from neontodo.accounts.tokens import encode_base64url
from tests.accounts.forged import PrivateKey, Signed

PRIVATE: dict[str, PrivateKey] = {
    "EdDSA": Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    "ES256": ec.derive_private_key(20_261_120, ec.SECP256R1()),
    "RS256": (_rsa := rsa.generate_private_key(65537, 2048)),
    "PS256": _rsa,
}


def jwk(algorithm: str, key_id: str | None = None, **changed: Any) -> dict[str, Any]:
    """The public half of a key, as an issuer shows it."""
    fields = {"kid": key_id or f"key-{algorithm}", "alg": algorithm, **_public(PRIVATE[algorithm])}
    return fields | changed


def signed(issuer: Issuer, algorithm: str, now: datetime, user_id: str = "user-1") -> Signed:
    """What an issuer's tokens are made of."""
    return Signed(
        PRIVATE[algorithm],
        user_id=user_id,
        key_id=f"key-{algorithm}",
        now=now,
        issuer=issuer.issuer,
        audience=issuer.audience,
        algorithm=algorithm,
    )


def _public(key: PrivateKey) -> dict[str, str]:
    match key:
        case Ed25519PrivateKey():
            x = key.public_key().public_bytes_raw()
            return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(x)}
        case ec.EllipticCurvePrivateKey():
            point = key.public_key().public_numbers()
            x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
            return {"kty": "EC", "crv": "P-256", "x": encode_base64url(x), "y": encode_base64url(y)}
        case rsa.RSAPrivateKey():
            numbers = key.public_key().public_numbers()
            n, e = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
            return {"kty": "RSA", "n": encode_base64url(n), "e": encode_base64url(e)}
