"""Signing in at a real server: what is believed, what is stored, and how it is forgotten."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from neontodo.accounts import account_file
from neontodo.accounts.account_file import Account
from neontodo.accounts.issuers import better_auth, jwks
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.issuers.http import HttpClient
from neontodo.accounts.issuers.issuer import parse_issuer
from neontodo.accounts.tokens import OutsideValidity
from neontodo.errors import NotSignedIn, StoreUnavailable, TodoError
from tests.accounts.better_auth_server import AuthServer, AuthServers, Person
from tests.accounts.issuer_keys import signed
from tests.accounts.profile import Profile, ask, nobody, now, session_of, token_of
from tests.accounts.refusals import fails


@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "cookies",
        "neon",
        "path-in-base-url",
        "a-key-for-each-token",
        "ES256",
        "RS256",
        "PS256",
    ],
)
def test_who_signs_in_is_remembered(auth_servers: AuthServers, profile: Profile, kind: str) -> None:
    ann = auth_servers[kind].person("Ann")
    made = profile.sign_in(ann.server.issuer(), session_of(ann))
    assert (made.email, made.name, made.method) == (ann.email, "Ann", "session")
    assert made.expires_at is not None
    assert timedelta(days=6) < made.expires_at - now() < timedelta(days=8)
    assert account_file.load_account(profile.folder) == made
    assert profile.claims(http=nobody).user_id == made.user_id


def test_nobody_is_remembered_at_first(profile: Profile) -> None:
    assert account_file.load_account(profile.folder) is None


def test_everything_that_is_stored_is_its_owners_alone(
    profile: Profile, signed_in_ann: Account
) -> None:
    session = account_file.load_issuer_session(profile.secrets, signed_in_ann.issuer)
    assert {
        path.stat().st_mode & 0o777 for path in profile.folder.rglob("*") if path.is_file()
    } == {0o600}
    files = profile.files()
    assert session.token not in files["account.json"] + files["account.token"] + files["jwks.json"]
    assert session.token not in repr((signed_in_ann, session))


def test_a_session_is_stored_as_it_is_sent(auth_servers: AuthServers, profile: Profile) -> None:
    ann = auth_servers["neon"].person()
    session = session_of(ann)
    made = profile.sign_in(ann.server.issuer(), session)
    assert account_file.load_issuer_session(profile.secrets, made.issuer) == session


@pytest.mark.parametrize("minutes", [-5, 20])
def test_a_clock_that_is_wrong_is_blamed(profile: Profile, ann: Person, minutes: int) -> None:
    session = session_of(ann)
    with fails(NotSignedIn, "though 127.0.0.1:.* has just made it", session.token) as raised:
        profile.sign_in(ann.server.issuer(), session, now() + timedelta(minutes=minutes))
    assert "check the clock of this machine" in str(raised.value.hint)
    assert not isinstance(raised.value, OutsideValidity)
    assert profile.files() == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "its `iss` is `https://issuer.example` instead of `http://127.0.0.1:[0-9]+`"),
        ({"issuer": "https://issuer.example"}, "meant for another audience"),
        ({"issuer": "https://issuer.example/", "audience": "todo"}, "another issuer"),
    ],
)
def test_tokens_that_say_something_else_than_expected_are_refused(
    auth_servers: AuthServers, profile: Profile, given: dict[str, str], message: str
) -> None:
    ann = auth_servers["other-claims"].person()
    session = session_of(ann)
    with fails(NotSignedIn, message, session.token):
        profile.sign_in(ann.server.issuer(**given), session)
    assert profile.files() == {}


def test_what_tokens_say_may_be_given(auth_servers: AuthServers, profile: Profile) -> None:
    ann = auth_servers["other-claims"].person()
    issuer = ann.server.issuer(issuer="https://issuer.example", audience="todo")
    assert profile.sign_in(issuer, session_of(ann)).email == ann.email
    assert profile.claims(http=nobody).issuer == "https://issuer.example"


def test_an_algorithm_that_is_not_accepted_is_refused(
    auth_servers: AuthServers, profile: Profile
) -> None:
    ann = auth_servers["ES512"].person()
    with fails(NotSignedIn, "not signed with a key of"):
        profile.sign_in(ann.server.issuer(), session_of(ann))
    assert profile.files() == {}


@pytest.mark.parametrize("kind", ["bearer", "cookie"])
def test_a_session_that_is_none_stores_nothing(
    auth_server: AuthServer, profile: Profile, kind: str
) -> None:
    session = IssuerSession("a-made-up-session", kind, "better-auth.session_token")  # type: ignore[arg-type]
    with fails(NotSignedIn, "has ended", session.token):
        profile.sign_in(auth_server.issuer(), session)
    assert profile.files() == {}


def test_a_token_may_be_given_instead(profile: Profile, ann: Person) -> None:
    token = token_of(ann)
    made = profile.sign_in(ann.server.issuer(), token)
    assert (made.method, made.email) == ("token", ann.email)
    assert made.expires_at == profile.claims(http=nobody).expires_at
    assert token not in "".join(
        text for name, text in profile.files().items() if not name.startswith("secrets")
    )


def test_a_token_of_nobodys_is_refused(profile: Profile, auth_server: AuthServer) -> None:
    forged = signed(auth_server.issuer(), "EdDSA", now()).token()
    with fails(NotSignedIn, "not signed with a key of", forged):
        profile.sign_in(auth_server.issuer(), forged)
    assert profile.files() == {}


def test_a_changed_token_is_refused(profile: Profile, ann: Person) -> None:
    header, payload, signature = token_of(ann).split(".")
    other = signed(ann.server.issuer(), "EdDSA", now()).token().split(".")[1]
    with fails(NotSignedIn, "signature is invalid", signature, other):
        profile.sign_in(ann.server.issuer(), f"{header}.{other}.{signature}")
    assert payload != other


@pytest.mark.usefixtures("signed_in_ann")
def test_who_signs_in_next_takes_the_place(auth_servers: AuthServers, profile: Profile) -> None:
    bob = auth_servers["neon"].person("Bob")
    before = len(profile.files())
    made = profile.sign_in(bob.server.issuer(), session_of(bob))
    assert profile.claims(http=nobody).user_id == made.user_id
    assert len(profile.files()) == before


def test_a_failed_sign_in_leaves_who_was_there(
    profile: Profile, ann: Person, signed_in_ann: Account
) -> None:
    before = profile.files()
    with fails(NotSignedIn, "has ended"):
        profile.sign_in(ann.server.issuer(), IssuerSession("a-made-up-session"))
    assert profile.files() == before


def test_two_profiles_know_nothing_of_each_other(tmp_path: Path, auth_server: AuthServer) -> None:
    profiles = [Profile(tmp_path / name) for name in ("ann", "bob")]
    for profile in profiles:
        profile.sign_in(auth_server.issuer(), session_of(auth_server.person(profile.folder.name)))
    assert [profile.claims(http=nobody).name for profile in profiles] == ["ann", "bob"]
    account_file.remove_account(profiles[0].folder, profiles[0].secrets)
    assert profiles[1].claims(http=nobody).name == "bob"


@pytest.mark.usefixtures("signed_in_ann")
def test_everything_is_forgotten(profile: Profile) -> None:
    for _ in range(2):
        account_file.remove_account(profile.folder, profile.secrets)
        assert profile.files() == {}
        assert account_file.load_account(profile.folder) is None


@pytest.mark.usefixtures("signed_in_ann")
@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"\xff",
        {"url": None},
        {"subject": 7},
        {"issuer": "https://a#b"},
        {"email": 7},
        {"method": "magic"},
        {"expires_at": "soon"},
        {"expires_at": "2026-11-20T12:00:00"},
    ],
)
def test_a_damaged_account_is_said_to_be(profile: Profile, damage: Any) -> None:
    path = profile.folder / "account.json"
    changed = damage
    if isinstance(damage, dict):
        changed = json.dumps(json.loads(path.read_text()) | damage).encode()
    path.write_bytes(changed)
    with fails(NotSignedIn, "account.json` is damaged") as raised:
        account_file.load_account(profile.folder)
    assert "`todo login`" in str(raised.value.hint)
    account_file.remove_account(profile.folder, profile.secrets)
    assert account_file.load_account(profile.folder) is None


def test_a_disk_that_cannot_be_written_stores_nothing(closed: Path, ann: Person) -> None:
    session = session_of(ann)
    profile = Profile(closed / "home")
    with fails(StoreUnavailable, "cannot be (read|written)", session.token):
        profile.sign_in(ann.server.issuer(), session)


def test_half_a_sign_in_is_taken_back(profile: Profile, ann: Person) -> None:
    session = session_of(ann)
    (profile.folder / "account.json").mkdir(parents=True)
    with fails(TodoError, "account.json", session.token):
        profile.sign_in(ann.server.issuer(), session)
    assert profile.files() == {}


def test_a_token_of_the_environments_is_verified(profile: Profile, ann: Person) -> None:
    issuer, token = ann.server.issuer(), token_of(ann)
    claims = asyncio.run(jwks.verify_token(token, profile.folder, issuer, HttpClient, now()))
    assert claims.email == ann.email
    again = jwks.verify_token(token, profile.folder, issuer, nobody, now())
    assert asyncio.run(again) == claims


def test_no_token_is_sent_over_plain_http(profile: Profile, ann: Person) -> None:
    session = session_of(ann)
    issuer = replace(parse_issuer("https://app.example.com"), url="http://app.example.com/api/auth")
    with fails(StoreUnavailable, "over plain http", session.token):
        ask(lambda http: better_auth.fetch_jwt(http, issuer, session))
