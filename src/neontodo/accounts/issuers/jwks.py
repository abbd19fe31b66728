"""An issuer's public keys (JWKS): fetched, kept for hours, and each good for one algorithm.

The algorithm is what the key is made for. Shared secrets, private keys and kinds that no token is
accepted of are passed over; of an id that names two keys none is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.accounts import tokens
from neontodo.accounts.issuers.issuer import Issuer
from neontodo.accounts.secrets import private_files
from neontodo.accounts.secrets.private_files import Instant
from neontodo.accounts.tokens import LONGEST_ID, decode_base64url
from neontodo.errors import NotSignedIn, StoreUnavailable

if TYPE_CHECKING:
    from neontodo.accounts.issuers.http import HttpClient
    from neontodo.accounts.tokens import PublicKey

FILE = "jwks.json"
FRESH = timedelta(hours=12)
ASKED_AGAIN = timedelta(minutes=1)
MOST_KEYS = 100
RSA_BITS = (2048, 8192)
_NEEDED = ("kty", "crv", "x", "y", "n", "e", "alg", "kid")


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
    fetched_at: Instant
    keys: tuple[Any, ...] = field(repr=False)

    def find(self, key_id: str) -> IssuerKey | None:
        """Return the key of this id, if there is exactly one."""
        found = [jwk for jwk in self.keys if jwk["kid"] == key_id]
        if not found or any(jwk != found[0] for jwk in found):
            return None
        return _parse(found[0])


async def verify_token(
    token: str, folder: Path, issuer: Issuer, http: Callable[[], HttpClient], now: datetime
) -> tokens.Claims:
    """Return what a token of the issuer's says.

    Raises:
        NotSignedIn: it is not accepted.
        StoreUnavailable: its key is not known here, and the issuer cannot be asked.
    """
    key_id = tokens.read_unverified(token).key_id
    try:
        key = await find_key(folder, issuer, key_id, http, now)
        return _verify(token, key, issuer, now)
    except tokens.WrongKey:
        # Some issuers give a new key the id of the old one.
        key = await find_key(folder, issuer, key_id, http, now, fresh=ASKED_AGAIN)
    return _verify(token, key, issuer, now)


def verify_with(keys: KeySet, token: str, issuer: Issuer, now: datetime) -> tokens.Claims:
    """Return what a token says that one of these keys of the issuer's signed."""
    key = keys.find(tokens.read_unverified(token).key_id)
    if key is None:
        raise _unknown_key(issuer)
    return _verify(token, key, issuer, now)


def _verify(token: str, key: IssuerKey, issuer: Issuer, now: datetime) -> tokens.Claims:
    return tokens.verify(
        token,
        key=key.key,
        algorithm=key.algorithm,
        key_id=key.key_id,
        issuer=issuer.issuer,
        audience=issuer.audience,
        now=now,
    )


async def find_key(
    folder: Path,
    issuer: Issuer,
    key_id: str,
    http: Callable[[], HttpClient],
    now: datetime,
    *,
    fresh: timedelta = FRESH,
) -> IssuerKey:
    """Return the key of this id from the folder's copy of the issuer's keys, if that is `fresh`.

    From the issuer otherwise.

    Raises:
        NotSignedIn: the issuer has no such key.
        StoreUnavailable: it cannot be asked, and the copy does not have the key.
    """
    known = load_keys(folder, issuer)
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
            fetched = await fetch_keys(client, issuer, now)
    except StoreUnavailable:
        if key is not None:
            return key
        raise
    with suppress(StoreUnavailable):
        save_keys(folder, fetched)
    if (key := fetched.find(key_id)) is None:
        raise _unknown_key(issuer)
    return key


def _unknown_key(issuer: Issuer) -> NotSignedIn:
    return NotSignedIn(
        f"the token is not signed with a key of {issuer.host}",
        hint="sign in again with `todo login`, or bring another token",
    )


async def fetch_keys(http: HttpClient, issuer: Issuer, now: datetime) -> KeySet:
    """Ask an issuer for its keys."""
    answer = await http.get(issuer.jwks_url)
    keys = answer.json.get("keys") if isinstance(answer.json, dict) else None
    if answer.status != 200 or not isinstance(keys, list):
        raise StoreUnavailable(
            f"{issuer.host} does not show its public keys (status {answer.status})",
            hint="check the issuer's URL, or name its JWKS URL",
        )
    return KeySet(issuer.jwks_url, now, _select_usable(keys[:MOST_KEYS]))


def load_keys(folder: Path, issuer: Issuer) -> KeySet | None:
    """Read the copy of an issuer's keys; None if there is none, or it is damaged."""
    try:
        stored = private_files.parse_json(KeySet, private_files.read_private(folder / FILE) or b"")
    except NotSignedIn:
        # They can be fetched again, and a file that others may have changed must not count.
        return None
    if stored is None or stored.jwks_url != issuer.jwks_url:
        return None
    return replace(stored, keys=_select_usable(stored.keys))


def save_keys(folder: Path, keys: KeySet) -> None:
    """Write the folder's copy of an issuer's keys."""
    private_files.write_json(folder / FILE, keys)


def _select_usable(keys: Sequence[object]) -> tuple[dict[str, Any], ...]:
    reduced = map(_reduce, keys)
    return tuple(jwk for jwk in reduced if jwk is not None)


def _reduce(jwk: object) -> dict[str, Any] | None:
    """Return what is needed of a JWK; None if it is no public key for signatures."""
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk or jwk.get("use", "sig") != "sig":
        return None
    kid, uses = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
        return None
    if not isinstance(uses, list) or "verify" not in uses or _parse(jwk) is None:
        return None
    return {name: jwk[name] for name in _NEEDED if name in jwk}


def _parse(jwk: dict[str, Any]) -> IssuerKey | None:
    # What cannot be read is no key: one odd key must not hide the others.
    with suppress(ValueError, KeyError, TypeError, OverflowError):
        algorithm, key = _read_key(jwk)
        if jwk.get("alg", algorithm) == algorithm:
            return IssuerKey(jwk["kid"], algorithm, key)
    return None


def _read_key(jwk: dict[str, Any]) -> tuple[str, PublicKey]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    match jwk.get("kty"), jwk.get("crv"):
        case "OKP", "Ed25519":
            return "EdDSA", Ed25519PublicKey.from_public_bytes(decode_base64url(jwk["x"]))
        case "EC", "P-256":
            point = EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), SECP256R1())
            return "ES256", point.public_key()
        case "RSA", None:
            modulus = _number(jwk["n"])
            if not RSA_BITS[0] <= modulus.bit_length() <= RSA_BITS[1]:
                raise ValueError("too short or too long")
            algorithm = "PS256" if jwk.get("alg") == "PS256" else "RS256"
            return algorithm, RSAPublicNumbers(_number(jwk["e"]), modulus).public_key()
    raise ValueError("of a kind that no token is accepted of")


def _number(text: str) -> int:
    return int.from_bytes(decode_base64url(text), "big")
