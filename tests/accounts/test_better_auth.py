"""Sessions of real Better Auth servers, with and without the bearer plugin, and as Neon's are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from neontodo.accounts import tokens
from neontodo.accounts.issuers import better_auth
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.issuers.issuer import Issuer, parse_issuer
from neontodo.errors import NotSignedIn, StoreUnavailable
from tests.accounts.better_auth_server import PASSWORD, AuthServer, AuthServers, Person
from tests.accounts.odd_server import OddServer, answer
from tests.accounts.profile import ask
from tests.accounts.refusals import fails

TOKEN = "a-session-token-that-nobody-may-see"
WRONG = "a-wrong-password"


def sign_in(person: Person, issuer: Issuer | None = None) -> IssuerSession:
    used = issuer or person.server.issuer()
    return ask(lambda http: better_auth.sign_in_by_email(http, used, person.email, PASSWORD))


def jwt(server: AuthServer, session: IssuerSession) -> str:
    return ask(lambda http: better_auth.fetch_jwt(http, server.issuer(), session))


@pytest.fixture
def ann(auth_server: AuthServer) -> Person:
    return auth_server.person("Ann")


@pytest.mark.parametrize(
    ("kind", "sent_as", "cookie"),
    [
        ("plain", "bearer", None),
        ("cookies", "cookie", "better-auth.session_token"),
        ("neon", "cookie", "__Secure-neonauth.session_token"),
        ("trusting", "bearer", None),
    ],
)
def test_a_password_begins_a_session_that_gives_tokens(
    auth_servers: AuthServers, kind: str, sent_as: str, cookie: str | None
) -> None:
    server = auth_servers[kind]
    session = sign_in(server.person())
    assert (session.kind, session.cookie) == (sent_as, cookie)
    assert tokens.read_unverified(jwt(server, session)).subject


def test_a_session_says_when_it_ends(ann: Person) -> None:
    session = sign_in(ann)
    ends = ask(lambda http: better_auth.fetch_session_expiry(http, ann.server.issuer(), session))
    assert ends is not None
    assert abs(ends - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=5)


def test_nobodys_session_does_not_say_when_it_ends(auth_server: AuthServer) -> None:
    issuer = auth_server.issuer()
    assert (
        ask(lambda http: better_auth.fetch_session_expiry(http, issuer, IssuerSession(TOKEN)))
        is None
    )


@pytest.mark.parametrize("kind", ["plain", "cookies", "neon"])
def test_a_session_that_was_ended_gives_no_tokens(auth_servers: AuthServers, kind: str) -> None:
    server = auth_servers[kind]
    session = sign_in(server.person())
    for _ in range(2):
        ask(lambda http: better_auth.sign_out(http, server.issuer(), session))
    with fails(NotSignedIn, "the session at 127.* has ended", session.token) as raised:
        jwt(server, session)
    assert "`todo login`" in str(raised.value.hint)


def test_signing_out_ends_no_other_session(ann: Person) -> None:
    mine, other = sign_in(ann), sign_in(ann)
    ask(lambda http: better_auth.sign_out(http, ann.server.issuer(), mine))
    assert jwt(ann.server, other)


@pytest.mark.parametrize("kind", ["bearer", "cookie"])
def test_a_made_up_session_gives_no_tokens(auth_server: AuthServer, kind: str) -> None:
    session = IssuerSession(TOKEN, kind, "better-auth.session_token")  # type: ignore[arg-type]
    with fails(NotSignedIn, "has ended", TOKEN):
        jwt(auth_server, session)


@pytest.mark.parametrize("kind", ["plain", "neon"])
def test_a_wrong_password_is_refused(auth_servers: AuthServers, kind: str) -> None:
    issuer, person = auth_servers[kind].issuer(), auth_servers[kind].person()
    with fails(NotSignedIn, "does not accept the e-mail address or the password", WRONG):
        ask(lambda http: better_auth.sign_in_by_email(http, issuer, person.email, WRONG))


@pytest.mark.parametrize("email", ["nobody@example.org", "no address", "", "a\x1b[2J"])
def test_a_stranger_is_refused(auth_server: AuthServer, email: str) -> None:
    issuer = auth_server.issuer()
    with fails(NotSignedIn, "does not accept|refused the sign-in", WRONG):
        ask(lambda http: better_auth.sign_in_by_email(http, issuer, email, WRONG))


def test_a_server_without_passwords_says_so(auth_servers: AuthServers) -> None:
    issuer = auth_servers["without-passwords"].issuer()
    with fails(NotSignedIn, "does not take passwords", PASSWORD):
        ask(lambda http: better_auth.sign_in_by_email(http, issuer, "a@example.org", PASSWORD))


def test_an_origin_that_is_not_trusted_is_named(auth_servers: AuthServers) -> None:
    server = auth_servers["foreign-origin"]
    with fails(NotSignedIn, f"refused the request's origin, {server.origin}", PASSWORD) as raised:
        sign_in(server.person())
    assert "`trustedOrigins`" in str(raised.value.hint)


def test_a_server_without_the_jwt_plugin_is_told_what_it_needs(auth_servers: AuthServers) -> None:
    server = auth_servers["without-jwt"]
    session = sign_in(server.person())
    with fails(NotSignedIn, "gives no tokens", session.token) as raised:
        jwt(server, session)
    assert "`jwt` plugin" in str(raised.value.hint)


def test_a_wrong_path_is_told_from_a_wrong_password(ann: Person) -> None:
    issuer = parse_issuer(f"{ann.server.origin}/auth")
    with fails(NotSignedIn, "there is no Better Auth at", PASSWORD):
        sign_in(ann, issuer)


ODD = {
    "two-factor": (answer({"twoFactorRedirect": True}), NotSignedIn, "a second factor"),
    "unverified": (
        answer({"code": "EMAIL_NOT_VERIFIED"}, 403),
        NotSignedIn,
        "not verified yet",
    ),
    "forbidden": (answer({"code": "FORBIDDEN"}, 403), NotSignedIn, r"sign-in \(status 403\)"),
    "forbidden-without-code": (answer({}, 403), NotSignedIn, r"refused the sign-in"),
    "banned": (answer({"code": "BANNED_USER"}, 403), NotSignedIn, "has banned this user"),
    "too-often": (answer({}, 429, x_retry_after="30"), StoreUnavailable, "asked too often"),
    "too-often-in-text": (answer("no", 429), StoreUnavailable, "asked too often"),
    "no-session": (answer({"user": {}}), StoreUnavailable, r"unexpected way \(status 200\)"),
    "nothing": (answer(b""), StoreUnavailable, "unexpected way"),
    "list": (answer([1]), StoreUnavailable, "unexpected way"),
    "session-with-line-break": (
        answer({}, set_auth_token=f"{TOKEN}%0d%0ahost: evil"),
        StoreUnavailable,
        "unexpected way",
    ),
    "odd-cookie": (
        answer({}, set_cookie=f'a b.session_token="{TOKEN}"'),
        StoreUnavailable,
        "unexpected way",
    ),
    "teapot": (answer({"code": 7}, 418), StoreUnavailable, "unexpected way"),
}


@pytest.mark.parametrize("oddity", ODD)
def test_what_else_a_server_may_say_to_a_password(oddity: str) -> None:
    said, kind, message = ODD[oddity]
    with OddServer({"/api/auth/sign-in/email": said}) as server:
        issuer = parse_issuer(server.origin)
        with fails(kind, message, TOKEN, WRONG):
            ask(lambda http: better_auth.sign_in_by_email(http, issuer, "a@b", WRONG))


def test_the_wait_is_the_servers() -> None:
    with OddServer({"/api/auth/sign-in/email": ODD["too-often"][0]}) as server:
        issuer = parse_issuer(server.origin)
        with fails(StoreUnavailable, "asked too often") as raised:
            ask(lambda http: better_auth.sign_in_by_email(http, issuer, "a@b", WRONG))
    assert raised.value.hint == "wait 30 seconds, then run the command again"


@pytest.mark.parametrize("said", [{}, {"token": 7}, {"token": None}, []])
def test_an_answer_without_a_token_is_unexpected(said: object) -> None:
    with OddServer({"/api/auth/token": answer(said)}) as server:
        issuer = parse_issuer(server.origin)
        with fails(StoreUnavailable, "unexpected way", TOKEN):
            ask(lambda http: better_auth.fetch_jwt(http, issuer, IssuerSession(TOKEN)))


def test_no_session_shows_its_token() -> None:
    assert TOKEN not in repr(IssuerSession(TOKEN))
