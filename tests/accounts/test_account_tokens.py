"""The token of whoever is signed in: kept fresh, while the issuer answers and while it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from neontodo.accounts import account_file
from neontodo.accounts.account_file import Account
from neontodo.accounts.issuers import better_auth, jwks
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.issuers.issuer import parse_issuer
from neontodo.errors import NotSignedIn, StoreUnavailable
from tests.accounts.better_auth_server import AuthServers, Person
from tests.accounts.issuer_keys import jwk, signed
from tests.accounts.odd_server import OddServer, answer
from tests.accounts.profile import Profile, ask, nobody, now, session_of, token_of
from tests.accounts.refusals import fails


def test_a_token_serves_until_a_minute_before_its_end(
    profile: Profile, signed_in_ann: Account
) -> None:
    first = profile.claims(http=nobody)
    assert profile.claims(at=first.expires_at - timedelta(seconds=60), http=nobody) == first
    profile.claims(at=first.expires_at - timedelta(seconds=59))
    assert account_file.load_issuer_session(profile.secrets, signed_in_ann.issuer)


def test_a_new_token_is_kept(auth_servers: AuthServers, profile: Profile) -> None:
    ann = auth_servers["hasty"].person()
    profile.sign_in(ann.server.issuer(), session_of(ann))
    first = profile.files()["account.token"]
    (profile.folder / "account.token").write_text("damaged")
    claims = profile.claims()
    assert claims.email == ann.email
    assert profile.files()["account.token"].count(".") == first.count(".") == 2


def test_a_name_that_was_changed_is_written_back(
    profile: Profile, ann: Person, signed_in_ann: Account
) -> None:
    ann.rename("Anna")
    assert profile.claims().name == "Ann"
    (profile.folder / "account.token").unlink()
    assert profile.claims().name == "Anna"
    found = account_file.load_account(profile.folder)
    assert found is not None
    assert (found.name, found.email) == ("Anna", ann.email)
    assert found.machine == signed_in_ann.machine


def test_a_session_that_is_used_lasts_longer(auth_servers: AuthServers, profile: Profile) -> None:
    ann = auth_servers["eager-sessions"].person()
    first = profile.sign_in(ann.server.issuer(), session_of(ann)).expires_at
    profile.claims(timedelta(minutes=14, seconds=30))
    found = account_file.load_account(profile.folder)
    assert found is not None
    assert found.expires_at is not None
    assert first is not None
    assert found.expires_at > first


@pytest.mark.usefixtures("signed_in_ann")
def test_a_session_that_has_ended_is_said_to_have(profile: Profile, ann: Person) -> None:
    session = account_file.load_issuer_session(profile.secrets, ann.server.issuer())
    ask(lambda http: better_auth.sign_out(http, ann.server.issuer(), session))
    jwt = profile.files()["account.token"]
    assert profile.claims().email == ann.email
    with fails(NotSignedIn, "the session at .* has ended", session.token, jwt) as raised:
        profile.claims(timedelta(minutes=14, seconds=30))
    assert "`todo login`" in str(raised.value.hint)


@pytest.fixture
def away(ann: Person, signed_in_ann: Account) -> Iterator[Person]:
    """Ann is signed in, and the server breaks every connection."""
    ann.server.switch("down")
    yield ann
    ann.server.switch("up")


def test_while_the_issuer_is_away_the_last_token_serves(profile: Profile, away: Person) -> None:
    soon = profile.claims(http=nobody).expires_at
    assert profile.claims(at=soon - timedelta(seconds=1)).email == away.email
    assert profile.claims(at=soon + timedelta(seconds=59)).email == away.email


def test_without_a_valid_token_the_issuer_has_to_be_there(profile: Profile, away: Person) -> None:
    jwt, ends = profile.files()["account.token"], profile.claims(http=nobody).expires_at
    for at in (ends + timedelta(seconds=61), ends + timedelta(days=2)):
        with fails(StoreUnavailable, "127.0.0.1:.* it closed the connection", jwt):
            profile.claims(at=at)


def test_without_its_keys_nothing_of_an_issuer_is_believed(profile: Profile, away: Person) -> None:
    (profile.folder / jwks.FILE).unlink()
    with fails(StoreUnavailable, "closed the connection", profile.files()["account.token"]):
        profile.claims()


def test_the_keys_may_be_old_while_the_issuer_is_away(profile: Profile, away: Person) -> None:
    path = profile.folder / jwks.FILE
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(kept | {"fetched_at": "2020-01-01T00:00:00+00:00"}))
    assert profile.claims().email == away.email


@pytest.mark.usefixtures("signed_in_ann")
def test_an_issuer_may_change_its_keys(profile: Profile, ann: Person) -> None:
    first = profile.claims(http=nobody).key_id
    ann.server.switch("rotate")
    assert profile.claims(http=nobody).key_id == first
    later = timedelta(minutes=14, seconds=30)
    second = profile.claims(later).key_id
    assert second != first
    assert profile.files()["jwks.json"].count(second) == 1


def test_a_token_of_a_key_that_was_taken_back_is_replaced(
    profile: Profile, ann: Person, signed_in_ann: Account
) -> None:
    ann.server.switch("rotate")
    (profile.folder / jwks.FILE).unlink()
    assert profile.claims().user_id == signed_in_ann.user_id


def test_a_clock_that_went_wrong_later_is_blamed(profile: Profile, signed_in_ann: Account) -> None:
    with fails(NotSignedIn, "has just made it") as raised:
        profile.claims(timedelta(days=1))
    assert "check the clock" in str(raised.value.hint)


def test_a_given_token_ends(profile: Profile, ann: Person) -> None:
    token = token_of(ann)
    profile.sign_in(ann.server.issuer(), token)
    with fails(NotSignedIn, "the token expired", token) as raised:
        profile.claims(timedelta(minutes=17))
    assert "`todo login`" in str(raised.value.hint)


def test_another_users_token_in_the_folder_is_refused(
    profile: Profile, ann: Person, signed_in_ann: Account
) -> None:
    bobs = token_of(ann.server.person("Bob"))
    (profile.folder / "account.token").write_text(bobs)
    with fails(NotSignedIn, "belongs to another user", bobs):
        profile.claims()


@pytest.mark.usefixtures("signed_in_ann")
def test_another_users_session_in_the_store_is_refused(profile: Profile, ann: Person) -> None:
    bobs = session_of(ann.server.person("Bob"))
    account_file.save_issuer_session(profile.secrets, ann.server.issuer(), bobs)
    (profile.folder / "account.token").unlink()
    with fails(NotSignedIn, "belongs to another user", bobs.token):
        profile.claims()


@pytest.mark.usefixtures("signed_in_ann")
@pytest.mark.parametrize(
    "text", [None, "", "{}", "[]", '{"token": 1, "kind": "bearer", "cookie": 1}']
)
def test_a_session_that_is_lost_is_said_to_be(profile: Profile, text: str | None) -> None:
    found = account_file.load_account(profile.folder)
    assert found is not None
    if text is None:
        profile.secrets.delete(account_file.session_secret_name(found.issuer))
    else:
        profile.secrets.set(account_file.session_secret_name(found.issuer), text)
    with fails(NotSignedIn, "the stored session at .* is (gone|damaged)"):
        profile.claims(timedelta(hours=1))


@pytest.mark.usefixtures("signed_in_ann")
@pytest.mark.parametrize("name", ["account.json", "account.token"])
def test_a_file_that_others_can_read_is_not_used(profile: Profile, name: str) -> None:
    (profile.folder / name).chmod(0o644)
    with fails(NotSignedIn, "can be read by others"):
        profile.claims()


def test_a_login_page_in_the_way_leaves_the_last_token(profile: Profile) -> None:
    with OddServer({"/api/auth/jwks": answer({"keys": [jwk("EdDSA")]})}) as server:
        issuer = parse_issuer(server.origin)
        token = signed(issuer, "EdDSA", now()).token()
        server.answers["/api/auth/token"] = answer({"token": token})
        made = profile.sign_in(issuer, IssuerSession("secret-session"))
        page = answer("<html>", kind="text/html")
        server.answers = {"/api/auth/token": page, "/api/auth/jwks": page}
        assert profile.claims(timedelta(minutes=59, seconds=30)).user_id == made.user_id
        with fails(StoreUnavailable, "a page instead of data", token, "secret-session"):
            profile.claims(timedelta(hours=2))
