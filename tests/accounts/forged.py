"""Tokens that must be refused, made from the key, user and time of one that is accepted."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from neontodo.accounts.tokens import encode_base64url

Signer = Callable[[bytes], bytes]
PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ABSENT = object()


@dataclass(frozen=True)
class Signed:
    """What an accepted token is made of; a machine's own has no audience."""

    private_key: PrivateKey
    user_id: str
    key_id: str
    now: datetime
    issuer: str = "neontodo"
    audience: str | None = None
    algorithm: str = "EdDSA"

    def header(self, **changed: Any) -> bytes:
        return _json({"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"} | changed)

    def payload(self, **changed: Any) -> bytes:
        return _json(
            {
                "iss": self.issuer,
                "aud": ABSENT if self.audience is None else self.audience,
                "sub": self.user_id,
                "iat": self.at(minutes=-1),
                "exp": self.at(hours=1),
            }
            | changed
        )

    def at(self, **delta: float) -> int:
        return int((self.now + timedelta(**delta)).timestamp())

    def token(
        self,
        header: bytes | None = None,
        payload: bytes | None = None,
        sign: Signer | None = None,
    ) -> str:
        parts = (header or self.header(), payload or self.payload())
        signing_input = ".".join(map(encode_base64url, parts))
        signature = (sign or signer(self.private_key, self.algorithm))(signing_input.encode())
        return f"{signing_input}.{encode_base64url(signature)}"


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps({k: v for k, v in fields.items() if v is not ABSENT}).encode()


def signer(key: PrivateKey, algorithm: str) -> Signer:
    """What signs as an algorithm wants it."""
    if isinstance(key, Ed25519PrivateKey):
        return key.sign
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _ecdsa(key)
    return _rsa(key, _PSS if algorithm == "PS256" else padding.PKCS1v15())


def _rsa(key: rsa.RSAPrivateKey, scheme: padding.AsymmetricPadding) -> Signer:
    return lambda data: key.sign(data, scheme, hashes.SHA256())


def _hs256(secret: bytes) -> Signer:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def _public(good: Signed, encoding: Encoding, form: PublicFormat) -> bytes:
    return good.private_key.public_key().public_bytes(encoding, form)


def _public_bytes(good: Signed) -> bytes:
    """The bytes that a JWK of the key holds, or begins with."""
    match good.private_key.public_key():
        case ec.EllipticCurvePublicKey() as key:
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case rsa.RSAPublicKey() as key:
            return key.public_numbers().n.to_bytes(256, "big")
    return _public(good, Encoding.Raw, PublicFormat.Raw)


def _ecdsa(key: ec.EllipticCurvePrivateKey) -> Signer:
    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, _ES256))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def _as_another_algorithm(good: Signed) -> str:
    """Signed with the right key, or one of its kind, in a way that it is not for."""
    match good.private_key:
        case rsa.RSAPrivateKey() as key:
            other = "RS256" if good.algorithm == "PS256" else "PS256"
            return good.token(good.header(alg=other), sign=signer(key, other))
        case ec.EllipticCurvePrivateKey() as key:
            return good.token(sign=lambda data: key.sign(data, _ES256))  # DER, as JWS does not
    return good.token(good.header(alg="Ed25519"))


def _duplicate(fields: bytes, name: str, value: str) -> bytes:
    return fields[:-1] + f', "{name}": "{value}"}}'.encode()


def _with_part(token: str, index: int, part: str) -> str:
    parts = token.split(".")
    parts[index] = part
    return ".".join(parts)


def _part(token: str, index: int) -> str:
    return token.split(".")[index]


_ES256 = ec.ECDSA(hashes.SHA256())
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
_P256 = ec.generate_private_key(ec.SECP256R1())
_P384 = ec.generate_private_key(ec.SECP384R1())
_OTHER = Ed25519PrivateKey.generate()
_OTHER_PUBLIC = _OTHER.public_key().public_bytes_raw()
_NESTED = b"[" * 5000 + b"]" * 5000

FORGED: dict[str, Callable[[Signed], str]] = {
    "alg-none": lambda g: g.token(g.header(alg="none"), sign=lambda _: b""),
    "alg-none-in-odd-case": lambda g: g.token(g.header(alg="nOnE"), sign=lambda _: b"x"),
    "alg-none-signed": lambda g: g.token(g.header(alg="none")),
    "alg-missing": lambda g: g.token(g.header(alg=ABSENT)),
    "alg-a-list": lambda g: g.token(g.header(alg=[g.algorithm])),
    "alg-of-another-way-to-sign": _as_another_algorithm,
    "hs256-of-public-bytes": lambda g: g.token(
        g.header(alg="HS256"), sign=_hs256(_public_bytes(g))
    ),
    "hs256-of-public-der": lambda g: g.token(
        g.header(alg="HS256"),
        sign=_hs256(_public(g, Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    ),
    "hs256-of-public-pem": lambda g: g.token(
        g.header(alg="HS256"),
        sign=_hs256(_public(g, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
    ),
    "hmac-called-by-the-keys-algorithm": lambda g: g.token(sign=_hs256(_public_bytes(g))),
    "another-key": lambda g: g.token(sign=Ed25519PrivateKey.generate().sign),
    "another-key-in-the-header": lambda g: g.token(
        g.header(
            jwk={"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(_OTHER_PUBLIC)}, alg="EdDSA"
        ),
        sign=_OTHER.sign,
    ),
    "address-of-another-key": lambda g: g.token(
        g.header(jku="https://evil.example/jwks", x5u="https://evil.example"), sign=_OTHER.sign
    ),
    "other-curve-ed448": lambda g: g.token(sign=Ed448PrivateKey.generate().sign),
    "other-curve-p256": lambda g: g.token(g.header(alg="ES256"), sign=_ecdsa(_P256)),
    "other-curve-p384": lambda g: g.token(g.header(alg="ES256"), sign=_ecdsa(_P384)),
    "swapped-payload": lambda g: _with_part(
        g.token(), 1, encode_base64url(g.payload(sub="somebody-else"))
    ),
    "swapped-header": lambda g: _with_part(g.token(), 0, encode_base64url(g.header(typ="at+jwt"))),
    "signature-missing": lambda g: _with_part(g.token(), 2, ""),
    "signature-cut": lambda g: g.token()[:-8],
    "kid-a-path": lambda g: g.token(g.header(kid="../../jwks.json")),
    "wrong-kid": lambda g: g.token(g.header(kid="another-key")),
    "missing-kid": lambda g: g.token(g.header(kid=ABSENT)),
    "empty-kid": lambda g: g.token(g.header(kid="")),
    "number-for-kid": lambda g: g.token(g.header(kid=7)),
    "long-kid": lambda g: g.token(g.header(kid="k" * 256)),
    "duplicate-kid": lambda g: g.token(_duplicate(g.header(kid="other"), "kid", g.key_id)),
    "duplicate-alg": lambda g: g.token(_duplicate(g.header(alg="none"), "alg", g.algorithm)),
    "duplicate-sub": lambda g: g.token(payload=_duplicate(g.payload(sub="x"), "sub", g.user_id)),
    "unknown-crit": lambda g: g.token(g.header(crit=["exp"], exp=1)),
    "unencoded-payload": lambda g: g.token(g.header(b64=False, crit=["b64"])),
    "no-sub": lambda g: g.token(payload=g.payload(sub=ABSENT)),
    "empty-sub": lambda g: g.token(payload=g.payload(sub="")),
    "number-for-sub": lambda g: g.token(payload=g.payload(sub=1)),
    "nul-in-sub": lambda g: g.token(payload=g.payload(sub="a\0b")),
    "half-a-surrogate-in-sub": lambda g: g.token(payload=g.payload(sub="\ud800")),
    "long-sub": lambda g: g.token(payload=g.payload(sub="s" * 513)),
    "expired": lambda g: g.token(payload=g.payload(exp=g.at(seconds=-60))),
    "no-exp": lambda g: g.token(payload=g.payload(exp=ABSENT)),
    "text-for-exp": lambda g: g.token(payload=g.payload(exp="9999999999")),
    "true-for-exp": lambda g: g.token(payload=g.payload(exp=True)),
    "endless-exp": lambda g: g.token(payload=g.payload(exp=1e300)),
    "infinite-exp": lambda g: g.token(payload=g.payload(exp=float("inf"))),
    "overflowing-exp": lambda g: g.token(payload=g.payload(exp=0).replace(b": 0", b": 1e999")),
    "exp-is-no-number": lambda g: g.token(payload=g.payload(exp=float("nan"))),
    "negative-exp": lambda g: g.token(payload=g.payload(exp=-1)),
    "exp-of-5000-digits": lambda g: g.token(
        payload=g.payload(exp=0).replace(b": 0", b": " + b"9" * 5000)
    ),
    "not-yet-valid": lambda g: g.token(payload=g.payload(nbf=g.at(seconds=61))),
    "text-for-nbf": lambda g: g.token(payload=g.payload(nbf="soon")),
    "null-for-nbf": lambda g: g.token(payload=g.payload(nbf=None)),
    "issued-tomorrow": lambda g: g.token(payload=g.payload(iat=g.at(days=1), exp=g.at(days=2))),
    "no-iat": lambda g: g.token(payload=g.payload(iat=ABSENT)),
    "wrong-issuer": lambda g: g.token(payload=g.payload(iss="https://evil.example")),
    "no-issuer": lambda g: g.token(payload=g.payload(iss=ABSENT)),
    "list-of-issuers": lambda g: g.token(payload=g.payload(iss=[g.issuer])),
    "wrong-audience": lambda g: g.token(payload=g.payload(aud="another-program")),
    "payload-a-list": lambda g: g.token(payload=b"[1]"),
    "payload-nested-deep": lambda g: g.token(payload=b'{"sub": ' + _NESTED + b"}"),
    "payload-not-utf-8": lambda g: g.token(payload=b'{"sub": "\xff"}'),
    "payload-utf-16": lambda g: g.token(payload=g.payload().decode().encode("utf-16")),
    "header-not-json": lambda g: g.token(header=b"{alg: EdDSA}"),
    "header-of-1-mb": lambda g: g.token(g.header(x="x" * 1_000_000)),
    "not-ascii": lambda g: _with_part(g.token(), 1, "bücher"),
    "full-width-letters": lambda g: g.token().replace("e", "ｅ"),
    "one-segment": lambda g: _part(g.token(), 0),
    "two-segments": lambda g: g.token().rpartition(".")[0],
    "four-segments": lambda g: g.token() + ".AAAA",
    "five-segments": lambda g: g.token() + ".AAAA.AAAA",
    "padded": lambda g: g.token() + "==",
    "trailing-newline": lambda g: g.token() + "\n",
    "nul-inside": lambda g: g.token().replace(".", "\0.", 1),
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "a-word": lambda _: "secret",
}

# A variable may be empty, and end in a line break that the shell put there.
SETTABLE = {name: FORGED[name] for name in FORGED.keys() - {"empty", "trailing-newline"}}
