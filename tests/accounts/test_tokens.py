from __future__ import annotations

import traceback
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from neontodo.accounts import tokens
from neontodo.accounts.machine_keys import (
    compute_thumbprint,
    decode_private_key,
    decode_public_key,
    encode_private_key,
    encode_public_key,
)
from neontodo.accounts.tokens import (
    Claims,
    OutsideValidity,
    UnverifiedClaims,
    decode_base64url,
    encode_base64url,
    read_unverified,
    sign,
    verify,
)
from neontodo.errors import NotSignedIn
from tests.accounts.forged import FORGED, Signed

# Far from today: the time that counts is the one that is passed in.
NOW = datetime(2041, 5, 6, 7, 8, 9, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key()
GOOD = Signed(PRIVATE, user_id="user-1", key_id=compute_thumbprint(PUBLIC), now=NOW)


def check(token: str, **changed: Any) -> Claims:
    expected: dict[str, Any] = {
        "key": PUBLIC,
        "algorithm": "EdDSA",
        "key_id": GOOD.key_id,
        "issuer": "neontodo",
        "audience": None,
        "now": NOW,
    }
    return verify(token, **(expected | changed))


def signed(lifetime: timedelta = timedelta(days=90)) -> str:
    return sign(PRIVATE, user_id="user-1", key_id=GOOD.key_id, now=NOW, lifetime=lifetime)


def test_a_signed_token_says_who_and_until_when() -> None:
    assert check(signed()) == Claims(
        subject="user-1",
        key_id=GOOD.key_id,
        issuer="neontodo",
        issued_at=NOW,
        expires_at=NOW + timedelta(days=90),
    )


def test_what_the_forgeries_are_made_from_is_accepted() -> None:
    assert check(GOOD.token()).user_id == "user-1"


def test_an_unverified_token_names_user_and_key() -> None:
    assert read_unverified(signed()) == UnverifiedClaims("user-1", GOOD.key_id)


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_token_is_refused_and_nowhere_shown(forgery: str) -> None:
    token = FORGED[forgery](GOOD)
    with pytest.raises(NotSignedIn) as raised:
        check(token)
    error = raised.value
    text = "".join(traceback.format_exception(error)) + (error.hint or "")
    assert not [part for part in token.split(".") if len(part) > 6 and part in text]
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.hint
    assert "\n" not in error.message
    assert not error.message.endswith(".")


@pytest.mark.parametrize(
    "forgery", ["a-word", "header-of-1-mb", "duplicate-kid", "missing-kid", "no-sub", "long-sub"]
)
def test_nobody_is_looked_up_for_a_token_without_form(forgery: str) -> None:
    with pytest.raises(NotSignedIn) as raised:
        read_unverified(FORGED[forgery](GOOD))
    assert raised.value.__context__ is None


@given(st.text() | st.text("abcXYZ019-_.=", max_size=60))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(NotSignedIn):
        read_unverified(text)


@given(st.data())
def test_a_token_with_one_character_changed_is_refused(data: st.DataObject) -> None:
    token = GOOD.token()
    index = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.sampled_from("ABCabc019-_.").filter(lambda c: c != token[index]))
    with pytest.raises(NotSignedIn):
        check(token[:index] + character + token[index + 1 :])


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"exp": GOOD.at(seconds=-59)}, id="expired-within-leeway"),
        pytest.param({"nbf": GOOD.at(seconds=60)}, id="valid-within-leeway"),
        pytest.param({"iat": GOOD.at(seconds=60)}, id="issued-within-leeway"),
        pytest.param({"exp": GOOD.at(hours=1) + 0.5}, id="fraction"),
        pytest.param({"exp": 253402300799}, id="end-of-9999"),
    ],
)
def test_times_at_the_edge_are_accepted(times: dict[str, float]) -> None:
    assert check(GOOD.token(payload=GOOD.payload(**times))).user_id == "user-1"


def test_an_expired_token_says_when_and_what_to_do() -> None:
    with pytest.raises(OutsideValidity) as raised:
        check(signed(), now=NOW + timedelta(days=91))
    assert raised.value.message == "the token expired on 2041-08-04 at 07:08 UTC"
    assert "`todo connect`" in (raised.value.hint or "")


def test_a_token_from_the_future_points_at_the_clock() -> None:
    with pytest.raises(OutsideValidity) as raised:
        check(signed(), now=NOW - timedelta(days=1))
    assert raised.value.message == "the token is not valid before 2041-05-06 at 07:08 UTC"
    assert "2041-05-05 at 07:08" in (raised.value.hint or "")


def test_only_a_genuine_token_is_called_expired() -> None:
    token = FORGED["another-key"](GOOD)
    with pytest.raises(NotSignedIn) as raised:
        check(token, now=NOW + timedelta(days=91))
    assert not isinstance(raised.value, OutsideValidity)


@pytest.mark.parametrize("audience", ["todo", ["other", "todo"]])
def test_the_audience_may_be_one_or_several(audience: object) -> None:
    assert check(GOOD.token(payload=GOOD.payload(aud=audience)), audience="todo").user_id


@pytest.mark.parametrize("audience", ["todo2", ["other"], {"todo": 1}, None, "", []])
def test_another_audience_is_refused(audience: object) -> None:
    with pytest.raises(NotSignedIn, match="audience"):
        check(GOOD.token(payload=GOOD.payload(aud=audience)), audience="todo")


def test_a_missing_audience_is_refused_where_one_is_expected() -> None:
    with pytest.raises(NotSignedIn, match="audience"):
        check(GOOD.token(), audience="todo")


def test_name_and_email_lose_what_cannot_be_printed() -> None:
    payload = GOOD.payload(name="An\x1b]0;na\x07 \u202eÅ", email="a@example.org")
    claims = check(GOOD.token(payload=payload))
    assert (claims.name, claims.email) == ("An]0;na Å", "a@example.org")


@pytest.mark.parametrize("value", [None, 1, [], "", "\0", " "])
def test_a_name_that_is_none_is_no_error(value: object) -> None:
    assert check(GOOD.token(payload=GOOD.payload(name=value))).name is None


ISSUERS: dict[str, Any] = {
    "EdDSA": PRIVATE,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
    "PS256": rsa.generate_private_key(65537, 2048),
}


def issued(algorithm: str, key: Any) -> str:
    payload = {"iss": "https://a.example", "sub": "u", "iat": GOOD.at(), "exp": GOOD.at(hours=1)}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": "k"})


@pytest.mark.parametrize("algorithm", ISSUERS)
def test_an_issuers_key_plugs_in(algorithm: str) -> None:
    key = ISSUERS[algorithm]
    claims = check(
        issued(algorithm, key),
        key=key.public_key(),
        algorithm=algorithm,
        key_id="k",
        issuer="https://a.example",
    )
    assert (claims.subject, claims.issuer) == ("u", "https://a.example")
    assert claims.user_id == "https://a.example#u"


@pytest.mark.parametrize(("algorithm", "pinned"), list(permutations(ISSUERS, 2)))
def test_the_algorithm_is_pinned_by_the_key(algorithm: str, pinned: str) -> None:
    token = issued(algorithm, ISSUERS[algorithm])
    for key in (ISSUERS[algorithm], ISSUERS[pinned]):
        with pytest.raises(NotSignedIn):
            check(
                token,
                key=key.public_key(),
                algorithm=pinned,
                key_id="k",
                issuer="https://a.example",
            )


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("EdDSA", rsa.generate_private_key(65537, 2048), id="eddsa-with-rsa-key"),
        pytest.param("RS256", PRIVATE, id="rs256-with-ed25519-key"),
        pytest.param("ES256", ec.generate_private_key(ec.SECP384R1()), id="es256-with-p384-key"),
        pytest.param("ES256", PRIVATE, id="es256-with-ed25519-key"),
    ],
)
def test_a_key_of_another_kind_verifies_nothing(algorithm: str, key: Any) -> None:
    token = issued(algorithm, ISSUERS[algorithm])
    with pytest.raises(NotSignedIn, match="signature"):
        check(
            token, key=key.public_key(), algorithm=algorithm, key_id="k", issuer="https://a.example"
        )


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_short_rsa_key_verifies_nothing() -> None:
    key = rsa.generate_private_key(65537, 1024)
    with pytest.raises(NotSignedIn, match="signature"):
        check(
            issued("RS256", key),
            key=key.public_key(),
            algorithm="RS256",
            key_id="k",
            issuer="https://a.example",
        )


def test_a_shared_secret_is_no_key_whatever_the_caller_pins() -> None:
    token = issued("HS256", b"s" * 32)
    with pytest.raises(NotSignedIn):
        check(token, key=b"s" * 32, algorithm="HS256", key_id="k", issuer="https://a.example")


def test_accepted_algorithms_are_the_documented_ones() -> None:
    assert frozenset(ISSUERS) == tokens.ALGORITHMS


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    public = decode_public_key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert compute_thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(st.binary(min_size=32, max_size=32))
def test_keys_survive_as_text(raw: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(raw)
    assert decode_private_key(encode_private_key(private)).private_bytes_raw() == raw
    public: Ed25519PublicKey = private.public_key()
    assert decode_public_key(encode_public_key(public)) == public


@pytest.mark.parametrize("text", ["", "AAAA", "ä" * 43, "!" * 43, encode_public_key(PUBLIC) + "A"])
def test_a_damaged_public_key_is_refused(text: str) -> None:
    with pytest.raises(NotSignedIn):
        decode_public_key(text)


@given(st.text() | st.text("aZ09-_+/= \n", max_size=9))
def test_text_that_is_no_base64url_is_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert encode_base64url(decode_base64url(text)) == text
