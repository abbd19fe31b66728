"""Sign-in by a code in a browser: against a real server, and all that may happen meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from neontodo.accounts import tokens
from neontodo.accounts.issuers import better_auth, device_flow
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.issuers.device_flow import DeviceCode
from neontodo.accounts.issuers.http import HttpAnswer
from neontodo.accounts.issuers.issuer import parse_issuer
from neontodo.errors import NotSignedIn, StoreUnavailable
from tests.accounts.better_auth_server import AuthServer, AuthServers
from tests.accounts.odd_server import OddServer, answer, reset
from tests.accounts.profile import ask
from tests.accounts.refusals import fails
from tests.harness import FRIDAY_NOON as NOW

SECRET = "a-device-code-that-nobody-may-see"
CODE = {
    "device_code": SECRET,
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://app.example.com/device",
    "expires_in": 1800,
    "interval": 5,
}
PENDING = {"error": "authorization_pending"}


@dataclass
class Clock:
    """Time that passes only while somebody sleeps; `events` happen during the sleep of that number.

    Between the events a real moment passes, for the server's own idea of too often.
    """

    events: dict[int, Callable[[], None]] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    moment: float = 0.03

    def now(self) -> object:
        return NOW + timedelta(seconds=sum(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(self.moment)
        self.events.get(len(self.slept), lambda: None)()


def begin(server: AuthServer | OddServer) -> DeviceCode:
    issuer = parse_issuer(server.origin)
    return ask(lambda http: device_flow.request_code(http, issuer, lambda: NOW))


def poll(server: AuthServer | OddServer, code: DeviceCode, clock: Clock) -> str:
    issuer = parse_issuer(server.origin)
    return ask(lambda http: device_flow.wait_for_token(http, issuer, code, clock.sleep, clock.now))  # type: ignore[arg-type]


def test_a_code_is_shown_and_its_secret_is_not(auth_server: AuthServer) -> None:
    code = begin(auth_server)
    assert code.verification_uri == f"{auth_server.origin}/device"
    assert code.verification_uri_complete == f"{code.verification_uri}?user_code={code.user_code}"
    assert code.expires_at == NOW + timedelta(minutes=30)
    assert code.device_code not in repr(code)


def test_a_code_that_is_approved_begins_a_session(auth_server: AuthServer) -> None:
    ann, code = auth_server.person(), begin(auth_server)
    clock = Clock({3: lambda: ann.approve(code.user_code)})
    session = IssuerSession(poll(auth_server, code, clock))
    assert clock.slept == [code.interval] * 3
    token = ask(lambda http: better_auth.fetch_jwt(http, auth_server.issuer(), session))
    assert tokens.read_unverified(token).subject


def test_a_code_that_is_denied_ends_the_wait(auth_server: AuthServer) -> None:
    ann, code = auth_server.person(), begin(auth_server)
    with fails(NotSignedIn, "was denied in the browser", code.device_code):
        poll(auth_server, code, Clock({1: lambda: ann.deny(code.user_code)}))


def test_a_code_that_the_server_lets_expire_ends_the_wait(auth_servers: AuthServers) -> None:
    server = auth_servers["hasty"]
    code = replace(begin(server), expires_at=NOW + timedelta(hours=1))
    with fails(NotSignedIn, "^the code has expired$", code.device_code) as raised:
        poll(server, code, Clock(moment=1.6))
    assert "for another code" in str(raised.value.hint)


def test_a_code_that_was_used_is_of_no_use(auth_server: AuthServer) -> None:
    ann, code = auth_server.person(), begin(auth_server)
    poll(auth_server, code, Clock({1: lambda: ann.approve(code.user_code)}))
    with fails(NotSignedIn, "no longer accepts the code", code.device_code):
        poll(auth_server, code, Clock())


def test_the_wait_ends_with_the_code(auth_server: AuthServer) -> None:
    code = replace(begin(auth_server), interval=5, expires_at=NOW + timedelta(seconds=17))
    clock = Clock()
    with fails(NotSignedIn, "has expired", code.device_code):
        poll(auth_server, code, clock)
    assert clock.slept == [5, 5, 5]


def test_a_code_that_expired_before_anybody_asked_is_said_to_have() -> None:
    with OddServer({}) as server, fails(NotSignedIn, "^the code has expired$"):
        poll(server, replace(made(), expires_at=NOW), Clock())
    assert server.asked == []


def test_a_server_that_has_a_problem_to_the_end_is_blamed() -> None:
    with (
        OddServer({"/api/auth/device/token": answer({"error": "server_error"}, 500)}) as server,
        fails(StoreUnavailable, "localhost.* reported a server error", SECRET),
    ):
        poll(server, made(), Clock(moment=0))


def test_a_server_that_is_asked_too_often_is_asked_more_seldom(auth_servers: AuthServers) -> None:
    server = auth_servers["unhurried"]
    code = replace(begin(server), interval=5, expires_at=NOW + timedelta(seconds=60))
    clock = Clock()
    with fails(NotSignedIn, "has expired", code.device_code):
        poll(server, code, clock)
    assert clock.slept == [5, 5, 10, 15, 20]


def test_the_network_may_be_away_meanwhile(auth_server: AuthServer) -> None:
    ann, code = auth_server.person(), begin(auth_server)
    clock = Clock(
        {
            2: lambda: auth_server.switch("down"),
            5: lambda: auth_server.switch("up"),
            6: lambda: ann.approve(code.user_code),
        }
    )
    assert poll(auth_server, code, clock)
    assert clock.slept == [5, 5, 10, 20, 40, 5]


@pytest.mark.parametrize(
    "away",
    [
        reset,
        answer("<html>", kind="text/html"),
        answer(b"", 503),
        answer(b"", 302, location="//portal.example/"),
    ],
)
def test_what_a_network_puts_in_the_way_is_waited_out(away: bytes) -> None:
    with OddServer({"/api/auth/device/token": away}) as server:
        clock = Clock(
            {
                2: lambda: server.answers.update(
                    {"/api/auth/device/token": answer({"access_token": "t"})}
                )
            }
        )
        assert poll(server, made(), clock) == "t"


def made() -> DeviceCode:
    return DeviceCode(SECRET, "ABCD", "https://a.example", None, NOW + timedelta(hours=1), 5)


def test_ctrl_c_ends_the_wait(auth_server: AuthServer) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    code = begin(auth_server)
    with pytest.raises(KeyboardInterrupt):
        poll(auth_server, code, Clock({2: interrupt}))


def test_neon_auth_offers_no_codes(auth_servers: AuthServers) -> None:
    issuer = auth_servers["neon"].issuer()
    with fails(NotSignedIn, "does not offer sign-in with a browser") as raised:
        ask(lambda http: device_flow.request_code(http, issuer))
    assert "`--email ADDRESS`" in str(raised.value.hint)


def test_a_client_that_the_server_does_not_know_is_named() -> None:
    refused = answer({"error": "invalid_client"}, 400)
    with (
        OddServer({"/api/auth/device/code": refused}) as server,
        fails(NotSignedIn, "does not know the client `todo-cli`"),
    ):
        begin(server)


def offered(**changed: object) -> DeviceCode:
    with OddServer({"/api/auth/device/code": answer(CODE | changed)}) as server:
        return begin(server)


def test_the_interval_is_five_seconds_unless_given() -> None:
    assert [offered(interval=given).interval for given in (None, 0, -1, "2", True, 7, 1e9)] == [
        5,
        5,
        5,
        5,
        5,
        7,
        60,
    ]


def test_an_address_may_be_a_path_of_the_servers() -> None:
    assert offered(verification_uri="/device").verification_uri.endswith("/device")


def test_an_address_is_shown_in_the_form_in_which_its_host_is_plain() -> None:
    code = offered(verification_uri="HTTPS://XN--BCHER-KVA.Example:443/device?a=%2F#b")
    assert code.verification_uri == "https://xn--bcher-kva.example/device?a=%2F#b"


@pytest.mark.parametrize(
    "complete",
    [
        "https://app.example.com/device?user_code=ABCD-EFGH",
        "https://APP.example.com:443/device?user_code=ABCD-EFGH",
    ],
)
def test_the_same_page_with_the_code_in_it_may_be_opened(complete: str) -> None:
    opened = offered(verification_uri_complete=complete).verification_uri_complete
    assert opened == "https://app.example.com/device?user_code=ABCD-EFGH"


@pytest.mark.parametrize(
    "complete",
    [
        "javascript:alert(1)",
        "https://evil.example/device?user_code=ABCD-EFGH",
        "https://app.example.com.evil.example/device?user_code=ABCD-EFGH",
        "https://app.example.com:444/device?user_code=ABCD-EFGH",
        "https://app.example.com@evil.example/device?user_code=ABCD-EFGH",
        "https://app.example.com/device/other?user_code=ABCD-EFGH",
        "https://app.example.com/device/../logout?user_code=ABCD-EFGH",
        "http://app.example.com/device?user_code=ABCD-EFGH",
        "http://localhost/device?user_code=ABCD-EFGH",
        "https://app.ex\u0430mple.com/device",
        7,
    ],
)
def test_a_page_that_is_not_the_shown_one_is_not_opened(complete: object) -> None:
    assert offered(verification_uri_complete=complete).verification_uri_complete is None


def test_a_page_of_this_machine_is_named_by_servers_of_this_machine_only() -> None:
    said = HttpAnswer(200, CODE | {"verification_uri": "http://localhost:3000/device"}, {}, {})
    page = "http://localhost:3000/device"
    local, remote = parse_issuer("http://localhost:4000"), parse_issuer("https://app.example.com")
    code = device_flow.parse_code(local, said, NOW)
    assert code is not None
    assert code.verification_uri == page
    assert device_flow.parse_code(remote, said, NOW) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"device_code": None},
        {"device_code": f"{SECRET}\r\n"},
        {"device_code": SECRET * 1000},
        {"user_code": ""},
        {"user_code": "A\x1b[2J"},
        {"user_code": 7},
        {"verification_uri": None},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://app.example.com/device"},
        {"verification_uri": "https://app.example.com/\x1b[2J"},
        {"verification_uri": "file:///etc/passwd"},
        {"verification_uri": "https://app.example.com@evil.example/device"},
        {"verification_uri": "https://app.example.com\\@evil.example/device"},
        {"verification_uri": "https://app.example.com%2F@evil.example/device"},
        {"verification_uri": "https://app.example.com%2Eevil.example/device"},
        {"verification_uri": "https://app.ex\u0430mple.com/device"},
        {"verification_uri": "https://app.example.com\u2044evil.example/device"},
        {"verification_uri": "https://app.example.com/a b"},
        {"verification_uri": "https://[/device"},
        {"verification_uri": "https:///device"},
        {"verification_uri": "https://app.example.com/" + "x" * 2000},
        {"expires_in": 0},
        {"expires_in": "1800"},
        {"expires_in": None},
    ],
)
def test_a_code_that_cannot_be_shown_or_used_is_refused(changed: dict[str, object]) -> None:
    with fails(StoreUnavailable, "unexpected way", SECRET):
        offered(**changed)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer({"access_token": ""}), StoreUnavailable),
        (answer({"access_token": f"{SECRET}\n"}), StoreUnavailable),
        (answer({}), StoreUnavailable),
        (answer({"error": "server_error"}, 400), StoreUnavailable),
        (answer({"code": "VALIDATION_ERROR"}, 400), StoreUnavailable),
        (answer(b"", 404), NotSignedIn),
    ],
)
def test_what_a_server_must_not_say_ends_the_wait(said: bytes, kind: type[NotSignedIn]) -> None:
    with (
        OddServer({"/api/auth/device/token": said}) as server,
        fails(kind, "localhost", SECRET),
    ):
        poll(server, made(), Clock())


def test_asked_too_often_is_no_end() -> None:
    clock = Clock()
    with OddServer({"/api/auth/device/token": answer("slower", 429)}) as server:
        clock.events[2] = lambda: server.answers.update(
            {"/api/auth/device/token": answer({"access_token": "t"})}
        )
        assert poll(server, made(), clock) == "t"
    assert clock.slept == [5, 10]
