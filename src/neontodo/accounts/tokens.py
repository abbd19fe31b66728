"""Tokens: signed with a key of one's own machine, verified with that key or with an issuer's.

A token is a JWT whose `iss` and `sub` are the user and whose `kid` is the key. What it must be is
decided by whoever knows the key: algorithm, key id, issuer and audience are arguments of `verify`
and are never taken from the token. No error of this module holds a token, nor is raised from one
that does.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from neontodo.accounts.issuers.issuer import LONGEST_NAME, SELF_SIGNED, SEPARATOR, build_user_id
from neontodo.errors import NotSignedIn
from neontodo.masking import mask_url

# PyJWT costs 35 to 80 ms to import, so only the functions that need it import it.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

ISSUER = SELF_SIGNED
ALGORITHM = "EdDSA"
ALGORITHMS = frozenset({ALGORITHM, "ES256", "RS256", "PS256"})
LEEWAY = timedelta(seconds=60)
LARGEST = 16_384
LONGEST_ID = 255
LONGEST_USER_ID = LONGEST_NAME + len(SEPARATOR) + LONGEST_ID
LONGEST_LABEL = 320
YEAR_10000 = 253_402_300_800

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HINT = "run `todo login` or `todo connect`, or bring another token in `TODO_TOKEN`"


class WrongKey(NotSignedIn):
    """The key did not sign the token; one that its issuer has now may have."""


class OutsideValidity(NotSignedIn):
    """The token is genuine, but has expired or is not valid yet."""


@dataclass(frozen=True)
class UnverifiedClaims:
    """Whom an unverified token names: enough to look its key up, and nothing to be believed.

    `subject` is the user id where the token is a machine's own.
    """

    subject: str
    key_id: str


@dataclass(frozen=True)
class Claims:
    """What a verified token says."""

    subject: str
    key_id: str
    issuer: str
    issued_at: datetime
    expires_at: datetime
    email: str | None = None
    name: str | None = None

    @property
    def user_id(self) -> str:
        """Who the token's user is in a store."""
        return build_user_id(self.issuer, self.subject)

    @property
    def is_signed_by_issuer(self) -> bool:
        """Whether somebody else than a machine of the user's own vouches for them."""
        return self.issuer != ISSUER


def sign(
    private_key: Ed25519PrivateKey, *, user_id: str, key_id: str, now: datetime, lifetime: timedelta
) -> str:
    """Make a token for a user, signed with one of the user's own keys."""
    import jwt

    payload = {
        "iss": ISSUER,
        "sub": user_id,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return jwt.encode(payload, private_key, algorithm=ALGORITHM, headers={"kid": key_id})


def read_unverified(token: str) -> UnverifiedClaims:
    """Read user and key of a token, without any check of its signature."""
    header, payload = _parse(token)
    subject = _read_identifier(payload, "sub", LONGEST_USER_ID)
    return UnverifiedClaims(subject, key_id=_read_identifier(header, "kid"))


def read_issuer(token: str) -> str | None:
    """Return who an unverified token says made it, to choose whose keys verify it."""
    issuer = _parse(token)[1].get("iss")
    return issuer if isinstance(issuer, str) else None


def verify(
    token: str,
    *,
    key: PublicKey,
    algorithm: str,
    key_id: str,
    issuer: str,
    audience: str | None,
    now: datetime,
) -> Claims:
    """Check a token in every respect and return what it says.

    The times are checked last, so that `OutsideValidity` means a token that is genuine.
    """
    header, payload = _parse(token)
    if _read_identifier(header, "kid") != key_id:
        raise _refusal("the token is signed with the wrong key")
    if header.get("alg") != algorithm or algorithm not in ALGORITHMS:
        raise WrongKey("the token's algorithm does not match its key", hint=_HINT)
    if not _has_signature_of(token, key, algorithm):
        problem = "the token's signature is invalid: it was changed, or another key signed it"
        raise WrongKey(problem, hint=_HINT)
    _check_issuer(payload.get("iss"), issuer)
    found = payload.get("aud")
    listed = found if isinstance(found, list) else [found]
    accepted = found is None if audience is None else audience in listed
    if not accepted:
        raise _refusal("the token is meant for another audience")
    longest = LONGEST_USER_ID if issuer == ISSUER else LONGEST_ID
    claims = Claims(
        subject=_read_identifier(payload, "sub", longest),
        key_id=key_id,
        issuer=issuer,
        issued_at=_read_instant(payload, "iat"),
        expires_at=_read_instant(payload, "exp"),
        email=_clean_label(payload.get("email")),
        name=_clean_label(payload.get("name")),
    )
    _check_times(claims, _read_instant(payload, "nbf") if "nbf" in payload else None, now)
    return claims


def verify_self_signed(token: str, key: Ed25519PublicKey, key_id: str, now: datetime) -> Claims:
    """Check a token that a machine's own key should have signed, and return what it says."""
    return verify(
        token, key=key, algorithm=ALGORITHM, key_id=key_id, issuer=ISSUER, audience=None, now=now
    )


def encode_base64url(data: bytes) -> str:
    """Encode without padding, as JSON Web Tokens do."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode what `encode_base64url` made, and raise ValueError for anything else."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
    if encode_base64url(data) != text:
        raise ValueError("not base64url")
    return data


def _refusal(message: str) -> NotSignedIn:
    return NotSignedIn(message, hint=_HINT)


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) <= LARGEST and _SHAPE.fullmatch(token):
        header, payload = (_decode_object(segment) for segment in token.split(".")[:2])
        if header is not None and payload is not None:
            return header, payload
    raise _refusal("the token cannot be read: it is damaged, or is no token at all")


def _decode_object(segment: str) -> dict[str, Any] | None:
    # Answers None instead of raising: an error raised from JSON's would carry the text along.
    try:
        text = decode_base64url(segment).decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of a key given twice one reader takes the first and another the last.
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refuse_constant(constant: str) -> None:
    raise ValueError("not a JSON number")


def _read_identifier(fields: dict[str, Any], name: str, longest: int = LONGEST_ID) -> str:
    value = fields.get(name)
    if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
        return value
    what = "whose it is" if name == "sub" else "which key signed it"
    raise _refusal(f"the token does not say {what} (`{name}`)")


def _has_signature_of(token: str, key: PublicKey, algorithm: str) -> bool:
    from jwt import PyJWS

    jws = PyJWS(algorithms=[algorithm], options={"enforce_minimum_key_length": True})
    try:
        jws.decode_complete(token, key, algorithms=[algorithm])
    except Exception:
        # Whatever goes wrong, such as a key of another kind: what is not verified is not signed.
        return False
    return True


def _check_issuer(found: object, issuer: str) -> None:
    if found == issuer:
        return
    problem = "the token comes from another issuer"
    if issuer == ISSUER or not (found := _clean_label(found)):
        raise _refusal(problem)
    raise NotSignedIn(
        f"{problem}: its `iss` is `{mask_url(found)}` instead of `{mask_url(issuer)}`",
        hint="if both are the same server, set TODO_AUTH_ISSUER to the `iss` of the token",
    )


def _clean_label(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    printable = "".join(character for character in value if character.isprintable())
    return printable.strip()[:LONGEST_LABEL] or None


def _read_instant(payload: dict[str, Any], name: str) -> datetime:
    value = payload.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < YEAR_10000:
        return datetime.fromtimestamp(value, UTC)
    raise _refusal(f"the token's `{name}` is missing, or is no time")


def _check_times(claims: Claims, not_before: datetime | None, now: datetime) -> None:
    if claims.expires_at <= now - LEEWAY:
        raise OutsideValidity(
            f"the token expired on {_format_instant(claims.expires_at)}", hint=_HINT
        )
    starts = max(claims.issued_at, not_before or claims.issued_at)
    if starts > now + LEEWAY:
        raise OutsideValidity(
            f"the token is not valid before {_format_instant(starts)}",
            hint=f"check the clock of this machine: it says {_format_instant(now)}",
        )


def _format_instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d at %H:%M} UTC"
