"""Addresses of issuers, as people paste them."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.accounts.issuers.issuer import (
    SELF_SIGNED,
    Issuer,
    build_user_id,
    is_safe,
    parse_issuer,
    parse_origin,
    parse_subject,
)
from neontodo.errors import BadValue, NotSignedIn

NEON = "https://ep-cool-a1b2.neonauth.us-east-1.aws.neon.tech"


def test_better_auth_is_where_its_documentation_puts_it() -> None:
    assert parse_issuer("https://app.example.com/api/auth") == Issuer(
        url="https://app.example.com/api/auth",
        issuer="https://app.example.com",
        audience="https://app.example.com",
        jwks_url="https://app.example.com/api/auth/jwks",
    )


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://app.example.com", "https://app.example.com/api/auth"),
        ("https://app.example.com/", "https://app.example.com/api/auth"),
        (" https://APP.example.com/api/auth/\n", "https://app.example.com/api/auth"),
        ("HTTPS://app.example.com:443/auth", "https://app.example.com/auth"),
        ("https://app.example.com:8443", "https://app.example.com:8443/api/auth"),
        ("http://localhost:3000", "http://localhost:3000/api/auth"),
        ("http://app.localhost:80", "http://app.localhost/api/auth"),
        ("http://127.0.0.2:3000/a/b", "http://127.0.0.2:3000/a/b"),
        ("http://[::1]:3000", "http://[::1]:3000/api/auth"),
        (NEON, f"{NEON}/neondb/auth"),
        (f"{NEON}/shop/auth", f"{NEON}/shop/auth"),
    ],
)
def test_an_address_has_one_form(url: str, base: str) -> None:
    assert parse_issuer(url).url == base


def test_neon_auth_has_a_path_of_its_own_for_keys() -> None:
    issuer = parse_issuer(f"{NEON}/neondb/auth")
    assert issuer.is_neon_auth
    assert (issuer.issuer, issuer.audience) == (NEON, NEON)
    assert issuer.jwks_url == f"{NEON}/neondb/auth/.well-known/jwks.json"


@pytest.mark.parametrize(
    "host",
    ["neonauth.neon.tech.evil.example", "evil-neonauth.neon.tech", "ep-a.neonauth.evil.tech"],
)
def test_only_neons_hosts_are_neons(host: str) -> None:
    assert not parse_issuer(f"https://{host}").is_neon_auth


def test_what_is_given_counts() -> None:
    issuer = parse_issuer(
        "https://app.example.com",
        issuer="the issuer",
        audience="todo",
        jwks_url="https://keys.example.com:443/all.json",
    )
    assert (issuer.issuer, issuer.audience) == ("the issuer", "todo")
    assert issuer.jwks_url == "https://keys.example.com/all.json"


def test_the_audience_is_the_issuer_unless_given() -> None:
    assert parse_issuer("https://app.example.com", issuer="the issuer").audience == "the issuer"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://ann:hunter2@app.example.com", "no user name"),
        ("https://hunter2@app.example.com", "no user name"),
        ("https://app.example.com/api/auth?key=hunter2", "before the `?`"),
        ("https://app.example.com/#hunter2", "before the `?`"),
        ("https://app.example.com/api/auth?", "before the `?`"),
        ("postgresql://ann:hunter2@db.example.com/todo", "no user name"),
        ("ftp://app.example.com/hunter2", "must begin with"),
        ("app.example.com/hunter2", "must begin with"),
        ("localhost:3000", "must begin with"),
        ("hunter2", "must begin with"),
        ("", "must begin with"),
        ("https://", "cannot be read"),
        ("https://app.example.com:hunter2", "cannot be read"),
        ("https://app.example.com:99999/hunter2", "cannot be read"),
        ("https://[hunter2", "cannot be read"),
        ("https://app example.com/hunter2", "cannot be read"),
        ("https://app.example.com/hunter2\x1b[2J", "cannot be read"),
        ("https://app.example.com/hunter2\u202e", "cannot be read"),
        ("https://app.example.com//hunter2", "cannot be read"),
        ("https://bücher.example/hunter2", "cannot be read"),
        ("https://app.example.com/" + "hunter2" * 1000, "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str, what: str) -> None:
    for asked in ({"url": url}, {"url": "https://a.example", "jwks_url": url}):
        with pytest.raises(BadValue) as raised:
            parse_issuer(**asked)
        assert what in raised.value.message
        assert raised.value.hint
        assert "hunter2" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/api/auth",
        "http://127.0.0.1.example.com",
        "http://192.168.0.1",
        "http://2130706433",
    ],
)
def test_nobody_signs_in_where_others_could_listen(url: str) -> None:
    asked: dict[str, dict[str, str]] = {
        "read the password": {"url": url},
        "put keys of their own": {"url": "https://a.example", "jwks_url": url},
    }
    for risk, settings in asked.items():
        problem = f"must begin with `https://`, else others could {risk}"
        with pytest.raises(NotSignedIn, match=problem) as raised:
            parse_issuer(**settings)
        assert raised.value.hint


@given(st.text() | st.text("htps:/@[]%.?#a1:\\ ", max_size=30).map("https://".__add__))
def test_any_other_text_is_an_address_or_a_bad_value(text: str) -> None:
    try:
        issuer = parse_issuer(text)
    except (BadValue, NotSignedIn):
        return
    assert is_safe(issuer.url)
    assert is_safe(issuer.jwks_url)
    assert parse_issuer(issuer.url) == issuer


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.example:443/x?y", "https://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("//a.example", ""),
        ("javascript:alert(1)", ""),
        ("https://[", ""),
    ],
)
def test_origins_can_be_compared(url: str, origin: str) -> None:
    assert parse_origin(url) == origin


NAMES = st.text(st.characters(exclude_characters="#", exclude_categories=["C"]), min_size=1)


@given(st.tuples(NAMES, st.text(min_size=1)), st.tuples(NAMES, st.text(min_size=1)))
def test_every_issuer_and_subject_are_a_user_of_their_own(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    if SELF_SIGNED not in (one[0], other[0]):
        assert (build_user_id(*one) == build_user_id(*other)) is (one == other)
        assert parse_subject(build_user_id(*one)) == one[1]


def test_a_machines_own_token_names_the_user_id_itself() -> None:
    assert build_user_id(SELF_SIGNED, "https://app.example.com#1") == "https://app.example.com#1"
    assert parse_subject("0c2ae4af-3fa7-4479-8d5e-6f0b1c7f6a11") is None


@pytest.mark.parametrize("name", ["https://a#b", "", "x" * 257, "a\tb"])
def test_names_that_no_issuer_has(name: str) -> None:
    with pytest.raises(BadValue):
        Issuer("https://a/api/auth", name, "a", "https://a/jwks")
