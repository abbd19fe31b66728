"""An issuer's keys: which are believed, for which algorithm, and when they are fetched again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from neontodo.accounts.issuers import jwks
from neontodo.accounts.issuers.http import HttpClient
from neontodo.accounts.issuers.issuer import Issuer, parse_issuer
from neontodo.accounts.issuers.jwks import FRESH, IssuerKey, KeySet
from neontodo.accounts.tokens import encode_base64url
from neontodo.errors import BadValue, NotSignedIn, StoreUnavailable
from tests.accounts.forged import ABSENT, FORGED
from tests.accounts.issuer_keys import PRIVATE, jwk, signed
from tests.accounts.odd_server import OddServer, answer
from tests.accounts.refusals import fails
from tests.harness import FRIDAY_NOON as NOW

ISSUER = parse_issuer("https://app.example.com")


def shown(*keys: object) -> bytes:
    return answer({"keys": keys})


def at(server: OddServer) -> Issuer:
    return parse_issuer(server.origin, jwks_url=f"{server.origin}/jwks")


def find(
    server: OddServer, folder: Path, key_id: str = "key-EdDSA", later: timedelta = timedelta(0)
) -> IssuerKey:
    return asyncio.run(jwks.find_key(folder, at(server), key_id, HttpClient, NOW + later))


def nobody() -> HttpClient:
    raise AssertionError("the issuer is asked")


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_key_is_for_one_algorithm(algorithm: str, tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(*map(jwk, PRIVATE))}) as server:
        found = find(server, tmp_path, f"key-{algorithm}")
    assert found.algorithm == algorithm
    assert found.key == PRIVATE[algorithm].public_key()


def test_an_rsa_key_without_alg_is_for_rs256(tmp_path: Path) -> None:
    key = {name: value for name, value in jwk("PS256").items() if name != "alg"}
    with OddServer({"/jwks": shown(key)}) as server:
        assert find(server, tmp_path, "key-PS256").algorithm == "RS256"


P384 = {"crv": "P-384", "x": "A" * 64, "y": "A" * 64}
NO_KEYS: dict[str, Any] = {
    "shared-secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "key-EdDSA", "alg": "HS256"},
    "shared-secret-without-alg": {"kty": "oct", "k": "c2VjcmV0", "kid": "key-EdDSA"},
    "private": jwk("EdDSA", d="AAAA"),
    "for-encryption": jwk("EdDSA", use="enc"),
    "for-signing-only": jwk("EdDSA", key_ops=["sign"]),
    "key-ops-a-text": jwk("EdDSA", key_ops="verify"),
    "of-another-algorithm": jwk("EdDSA", alg="HS256"),
    "rsa-for-eddsa": jwk("RS256", "key-EdDSA", alg="EdDSA"),
    "rsa-with-curve": jwk("RS256", "key-EdDSA", crv="P-256"),
    "es512": jwk("ES256", "key-EdDSA", alg="ES512", crv="P-521"),
    "p-384": jwk("ES256", "key-EdDSA", **P384),
    "ed448": jwk("EdDSA", crv="Ed448"),
    "x25519": jwk("EdDSA", crv="X25519"),
    "short": jwk("EdDSA", x="AAAA"),
    "padded": jwk("EdDSA", x=jwk("EdDSA")["x"] + "="),
    "number-for-x": jwk("EdDSA", x=7),
    "off-the-curve": jwk("ES256", "key-EdDSA", x="AAAA"),
    "even-exponent": jwk("RS256", "key-EdDSA", e="AA"),
    "short-rsa": jwk("RS256", "key-EdDSA", n="_" * 170),
    "huge-rsa": jwk("RS256", "key-EdDSA", n="_" * 2000),
    "number-for-kid": jwk("EdDSA", kid=7),
    "no-object": "key-EdDSA",
    "nothing": None,
}


@pytest.mark.parametrize("oddity", NO_KEYS)
def test_what_is_no_public_key_for_signatures_is_passed_over(oddity: str, tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(NO_KEYS[oddity], jwk("ES256"))}) as server:
        with fails(NotSignedIn, "not signed with a key of localhost"):
            find(server, tmp_path)
        assert find(server, tmp_path, "key-ES256").algorithm == "ES256"


def test_an_id_of_two_keys_names_none(tmp_path: Path) -> None:
    keys = shown(jwk("EdDSA", "k"), jwk("ES256", "k"), jwk("RS256"))
    with OddServer({"/jwks": keys}) as server:
        with fails(NotSignedIn, "not signed with a key"):
            find(server, tmp_path, "k")
        assert find(server, tmp_path, "key-RS256").algorithm == "RS256"


def test_the_same_key_twice_is_one(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"), jwk("EdDSA", use="sig"))}) as server:
        assert find(server, tmp_path).algorithm == "EdDSA"


def test_keys_are_fetched_once_in_half_a_day(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        for later in (timedelta(0), timedelta(hours=11, minutes=59)):
            find(server, tmp_path, later=later)
        assert len(server.asked) == 1
        find(server, tmp_path, later=FRESH)
        assert len(server.asked) == 2
    assert (tmp_path / jwks.FILE).stat().st_mode & 0o777 == 0o600


def test_an_unknown_key_is_asked_for_once_a_minute(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        find(server, tmp_path)
        server.answers["/jwks"] = shown(jwk("EdDSA"), jwk("ES256"))
        with fails(NotSignedIn, "not signed with a key that localhost.* had a moment ago") as said:
            find(server, tmp_path, "key-ES256", timedelta(seconds=59))
        assert "in a minute" in str(said.value.hint)
        assert len(server.asked) == 1
        assert find(server, tmp_path, "key-ES256", timedelta(seconds=60)).algorithm == "ES256"
        assert len(server.asked) == 2


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_a_new_key_with_the_id_of_the_old_one_is_fetched_in_a_minute(
    tmp_path: Path, algorithm: str
) -> None:
    def verify(later: timedelta) -> str:
        token = replace(signed(issuer, algorithm, NOW), key_id="k").token()
        return asyncio.run(
            jwks.verify_token(token, tmp_path, issuer, HttpClient, NOW + later)
        ).user_id

    old = jwk("EdDSA", "k", x=encode_base64url(bytes(range(32))))
    with OddServer({"/jwks": shown(old)}) as server:
        issuer = at(server)
        find(server, tmp_path, "k")
        server.answers["/jwks"] = shown(jwk(algorithm, "k"))
        with fails(NotSignedIn, "signature is invalid|algorithm does not match"):
            verify(timedelta(seconds=59))
        assert len(server.asked) == 1
        assert verify(timedelta(seconds=60)) == f"{issuer.issuer}#user-1"
        assert len(server.asked) == 2


def test_a_forged_token_is_refused_as_one_while_the_issuer_is_away(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        issuer = at(server)
        find(server, tmp_path)
    forged = FORGED["another-key"](signed(issuer, "EdDSA", NOW))
    with fails(NotSignedIn, "signature is invalid", forged):
        asyncio.run(
            jwks.verify_token(forged, tmp_path, issuer, HttpClient, NOW + timedelta(hours=1))
        )


def test_a_clock_that_was_set_back_does_not_keep_old_keys(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        find(server, tmp_path)
        find(server, tmp_path, later=-timedelta(days=1))
        assert len(server.asked) == 2


def test_old_keys_serve_while_the_issuer_is_away(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        find(server, tmp_path)
    assert find(server, tmp_path, later=timedelta(days=2)).algorithm == "EdDSA"
    with fails(StoreUnavailable, "it refuses connections"):
        find(server, tmp_path, "key-ES256", timedelta(days=2))


def test_a_key_that_the_issuer_took_back_is_believed_no_more(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        find(server, tmp_path)
        server.answers["/jwks"] = shown(jwk("ES256"))
        with fails(NotSignedIn, "not signed with a key"):
            find(server, tmp_path, later=FRESH)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"keys": []}',
        b'{"jwks_url": 1, "fetched_at": "now", "keys": []}',
        b"[" * 9999,
        b"\xff",
    ],
)
def test_a_damaged_copy_is_fetched_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / jwks.FILE).touch(mode=0o600)
    (tmp_path / jwks.FILE).write_bytes(damage)
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as server:
        assert find(server, tmp_path).algorithm == "EdDSA"
    assert jwks.load_keys(tmp_path, at(server)) is not None


def test_the_copy_of_another_issuers_keys_is_not_used(tmp_path: Path) -> None:
    with OddServer({"/jwks": shown(jwk("EdDSA"))}) as one, OddServer({"/jwks": shown()}) as other:
        find(one, tmp_path)
        with fails(NotSignedIn, "not signed with a key"):
            find(other, tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(answer({}), id="no-keys"),
        pytest.param(answer([]), id="a-list"),
        pytest.param(answer({"keys": {}}), id="keys-no-list"),
        pytest.param(answer(b""), id="nothing"),
        pytest.param(answer(b"", 404), id="not-there"),
        pytest.param(answer({"keys": []}, 403), id="forbidden"),
    ],
)
def test_an_issuer_without_keys_is_said_to_be_one(tmp_path: Path, said: bytes) -> None:
    with (
        OddServer({"/jwks": said}) as server,
        fails(StoreUnavailable, "does not show its public keys"),
    ):
        find(server, tmp_path)


def test_what_is_kept_holds_nothing_but_public_keys(tmp_path: Path) -> None:
    odd = [jwk("EdDSA", comment="x" * 1000, x5c=["y"]), *NO_KEYS.values()]
    with OddServer({"/jwks": shown(*odd)}) as server:
        find(server, tmp_path)
    kept = json.loads((tmp_path / jwks.FILE).read_text())
    assert kept["keys"] == [jwk("EdDSA")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of somebody who has just fetched an issuer's keys of every kind."""
    jwks.save_keys(tmp_path, KeySet(ISSUER.jwks_url, NOW, tuple(map(jwk, PRIVATE))))
    return tmp_path


def verify(folder: Path, token: str) -> str:
    return asyncio.run(jwks.verify_token(token, folder, ISSUER, nobody, NOW)).user_id


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_an_issuers_token_is_believed(folder: Path, algorithm: str) -> None:
    assert verify(folder, signed(ISSUER, algorithm, NOW).token()) == f"{ISSUER.issuer}#user-1"


@pytest.mark.parametrize("forgery", FORGED)
@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_forged_token_of_an_issuers_key_is_refused(
    folder: Path, algorithm: str, forgery: str
) -> None:
    token = FORGED[forgery](signed(ISSUER, algorithm, NOW))
    parts = [part for part in token.split(".") if len(part) > 6]
    with fails(NotSignedIn, "^the token", *parts) as raised:
        verify(folder, token)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("audience", [ABSENT, None, "", [], "neontodo", "https://app.example.com/"])
@pytest.mark.parametrize("algorithm", PRIVATE)
def test_an_issuers_token_for_others_is_refused(
    folder: Path, algorithm: str, audience: object
) -> None:
    good = signed(ISSUER, algorithm, NOW)
    with fails(NotSignedIn, "another audience"):
        verify(folder, good.token(payload=good.payload(aud=audience)))


@pytest.mark.parametrize(("algorithm", "other"), list(permutations(PRIVATE, 2)))
def test_a_key_does_not_stand_in_for_another(folder: Path, algorithm: str, other: str) -> None:
    good = signed(ISSUER, algorithm, NOW)
    for alg in (algorithm, other):
        token = good.token(good.header(alg=alg, kid=f"key-{other}"))
        with fails(NotSignedIn, "the token", token):
            verify(folder, token)


def test_a_machines_own_token_is_none_of_the_issuers(folder: Path) -> None:
    own = signed(replace(ISSUER, issuer="neontodo"), "EdDSA", NOW)
    with fails(NotSignedIn, "another issuer"):
        verify(folder, own.token())
    with pytest.raises(BadValue):
        parse_issuer("https://app.example.com", issuer="neontodo")
