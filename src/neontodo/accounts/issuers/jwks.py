"""An issuer's public keys (JWKS): fetched, kept for hours, and each good for one algorithm.

The algorithm is what the key is made for. Shared secrets, private keys and kinds that no token is
accepted of are passed over; of an id that names two keys none is believed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.accounts.issuers.issuer import Issuer
from neontodo.accounts.key_text import from_base64url
from neontodo.accounts.secrets.private_files import read_private, remove_private, write_private
from neontodo.accounts.tokens import LONGEST_ID
from neontodo.errors import NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import Http
    from neontodo.accounts.tokens import PublicKey

FILE = "jwks.json"
FRESH = timedelta(hours=12)
ASKED_AGAIN = timedelta(minutes=1)
MOST_KEYS = 100
RSA_BITS = (2048, 8192)
_KEPT = ("kty", "crv", "x", "y", "n", "e", "alg", "kid")


@dataclass(frozen=True)
class IssuerKey:
    """A key of an issuer's, and the one algorithm that it is for."""

    key_id: str
    algorithm: str
    key: PublicKey


@dataclass(frozen=True)
class KeySet:
    """What an issuer's keys were when they were fetched."""

    jwks_url: str
    fetched_at: datetime
    jwks: tuple[dict[str, Any], ...] = field(repr=False)

    def find(self, key_id: str) -> IssuerKey | None:
        """The key of this id, if there is exactly one."""
        found = [jwk for jwk in self.jwks if jwk["kid"] == key_id]
        if not found or any(jwk != found[0] for jwk in found):
            return None
        return _parse(found[0])


async def key_for(
    folder: Path,
    issuer: Issuer,
    key_id: str,
    http: Callable[[], Http],
    now: datetime,
    *,
    fresh: timedelta = FRESH,
) -> IssuerKey:
    """The key of this id, from a copy of the issuer's keys in the folder that is still `fresh`.

    From the issuer otherwise.

    Raises:
        NotSignedIn: the issuer has no such key.
        StoreUnavailable: it cannot be asked, and the copy does not have the key.
    """
    known = remembered(folder, issuer)
    key = known.find(key_id) if known else None
    age = now - known.fetched_at if known else FRESH
    if key is not None and timedelta(0) <= age < fresh:
        return key
    if key is None and timedelta(0) <= age < ASKED_AGAIN:
        raise NotSignedIn(
            f"the token is not signed with a key that {issuer.host} had a moment ago",
            hint="if it has a new one, run the command again in a minute",
        )
    try:
        async with http() as client:
            fetched = await fetch(client, issuer, now)
    except StoreUnavailable:
        if key is not None:
            return key
        raise
    with suppress(StoreUnavailable):
        keep(folder, fetched)
    if (key := fetched.find(key_id)) is None:
        raise unknown(issuer)
    return key


def unknown(issuer: Issuer) -> NotSignedIn:
    """The refusal of a token whose key its issuer does not have."""
    return NotSignedIn(
        f"the token is not signed with a key of {issuer.host}",
        hint="sign in again with `todo login`, or bring another token",
    )


async def fetch(http: Http, issuer: Issuer, now: datetime) -> KeySet:
    """Ask an issuer for its keys."""
    answer = await http.get(issuer.jwks_url)
    keys = answer.json.get("keys") if isinstance(answer.json, dict) else None
    if answer.status != 200 or not isinstance(keys, list):
        raise StoreUnavailable(
            f"{issuer.host} does not show its public keys (status {answer.status})",
            hint="check the issuer's URL, or name its JWKS URL",
        )
    usable = (_kept(jwk) for jwk in keys[:MOST_KEYS])
    return KeySet(issuer.jwks_url, now, tuple(jwk for jwk in usable if jwk is not None))


def remembered(folder: Path, issuer: Issuer) -> KeySet | None:
    """The copy of an issuer's keys; None if there is none, or it is damaged."""
    try:
        fields = json.loads(read_private(folder / FILE) or b"")
        fetched_at = datetime.fromisoformat(fields["fetched_at"])
        jwks = tuple(jwk for jwk in map(_kept, fields["keys"]) if jwk is not None)
        if fields["jwks_url"] != issuer.jwks_url or fetched_at.tzinfo is None:
            return None
    except (ValueError, KeyError, TypeError, RecursionError, NotSignedIn):
        # They can be fetched again, and a file that others may have changed must not count.
        return None
    return KeySet(issuer.jwks_url, fetched_at, jwks)


def keep(folder: Path, keys: KeySet) -> None:
    """Write the folder's copy of an issuer's keys."""
    fields = {
        "jwks_url": keys.jwks_url,
        "fetched_at": keys.fetched_at.astimezone(UTC).isoformat(),
        "keys": keys.jwks,
    }
    write_private(folder / FILE, json.dumps(fields, indent=2).encode() + b"\n")


def forget(folder: Path) -> None:
    """Remove the folder's copy."""
    remove_private(folder / FILE)


def _kept(jwk: object) -> dict[str, Any] | None:
    """What is needed of a JWK; None if it is no public key for signatures."""
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk or jwk.get("use", "sig") != "sig":
        return None
    kid, uses = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
        return None
    if not isinstance(uses, list) or "verify" not in uses or _parse(jwk) is None:
        return None
    return {name: jwk[name] for name in _KEPT if name in jwk}


def _parse(jwk: dict[str, Any]) -> IssuerKey | None:
    # What cannot be read is no key: one odd key must not hide the others.
    with suppress(ValueError, KeyError, TypeError, OverflowError):
        algorithm = _algorithm(jwk)
        if algorithm is not None and jwk.get("alg", algorithm) == algorithm:
            return IssuerKey(jwk["kid"], algorithm, _public_key(jwk))
    return None


def _algorithm(jwk: dict[str, Any]) -> str | None:
    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return "EdDSA"
        case "EC", "P-256":
            return "ES256"
        case "RSA", None:
            return "PS256" if jwk.get("alg") == "PS256" else "RS256"
    return None


def _public_key(jwk: dict[str, Any]) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    match jwk["kty"]:
        case "OKP":
            return Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"]))
        case "EC":
            return EllipticCurvePublicNumbers(
                _number(jwk["x"]), _number(jwk["y"]), SECP256R1()
            ).public_key()
    modulus = _number(jwk["n"])
    if not RSA_BITS[0] <= modulus.bit_length() <= RSA_BITS[1]:
        raise ValueError("too short or too long")
    return RSAPublicNumbers(_number(jwk["e"]), modulus).public_key()


def _number(text: str) -> int:
    return int.from_bytes(from_base64url(text), "big")
