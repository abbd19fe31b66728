"""The client for issuers, against servers that answer, and against all that may be in the way."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from neontodo import __version__
from neontodo.accounts.issuers.http import LARGEST, HttpAnswer, HttpClient
from neontodo.errors import BadValue, StoreUnavailable
from tests.accounts.odd_server import OddServer, Reaction, answer, reset
from tests.accounts.refusals import fails
from tests.certificates import Authority, write_self_signed

SECRET = "a-session-token-that-nobody-may-see"
HEADERS = {"authorization": f"Bearer {SECRET}"}


def get(url: str, *, limit: float = 20, environment: Mapping[str, str] | None = None) -> HttpAnswer:
    async def run() -> HttpAnswer:
        async with HttpClient(environment, limit=limit) as http:
            return await http.get(url, HEADERS)

    return asyncio.run(run())


def post(url: str) -> HttpAnswer:
    async def run() -> HttpAnswer:
        async with HttpClient(limit=20) as http:
            return await http.post(url, {"password": SECRET}, HEADERS)

    return asyncio.run(run())


def test_json_comes_back_with_status_headers_and_cookies() -> None:
    said = answer({"a": 1}, 401, set_auth_token="t", set_cookie="s=%2B; Path=/; Secure")
    with OddServer({"/x": said}) as server:
        found = get(f"{server.origin}/x")
    assert (found.status, found.json) == (401, {"a": 1})
    assert found.headers["set-auth-token"] == "t"
    assert found.cookies == {"s": "%2B"}


def test_what_is_sent_is_what_was_given_and_who_asks() -> None:
    with OddServer({"/x": answer({})}) as server:
        post(f"{server.origin}/x")
    asked = server.asked[0].lower()
    assert f"user-agent: neontodo/{__version__}" in asked
    assert f"authorization: bearer {SECRET}" in asked
    assert "content-type: application/json" in asked


def test_no_cookie_is_sent_that_was_not_given() -> None:
    async def run(url: str) -> None:
        async with HttpClient() as http:
            await http.get(url)
            await http.get(url)

    with OddServer({"/x": answer({}, set_cookie="session=1; Path=/")}) as server:
        asyncio.run(run(f"{server.origin}/x"))
    assert len(server.asked) == 2
    assert "cookie" not in "".join(server.asked).lower()


def test_no_answer_shows_a_secret() -> None:
    said = answer({"token": SECRET}, set_cookie=f"s={SECRET}", set_auth_token=SECRET)
    with OddServer({"/x": said}) as server:
        assert SECRET not in repr(get(f"{server.origin}/x"))


@pytest.mark.parametrize("body", [b"", b"  ", b"null"])
def test_nothing_said_is_no_error(body: bytes) -> None:
    with OddServer({"/x": answer(body)}) as server:
        assert get(f"{server.origin}/x").json is None


PAGE = "<html><title>Welcome to our hotel</title>" + SECRET
ODD: dict[str, tuple[bytes | Reaction, str]] = {
    "portal": (answer(PAGE, kind="text/html"), "answered with a page instead of data"),
    "portal-with-401": (answer(PAGE, 401, "text/html"), "answered with a page instead of data"),
    "portal-by-rfc-6585": (
        answer(PAGE, 511, "text/html"),
        r"reported a server error \(status 511\)",
    ),
    "gateway": (answer(PAGE, 502, "text/html"), r"reported a server error \(status 502\)"),
    "failure": (answer({"secret": SECRET}, 500), r"reported a server error \(status 500\)"),
    "text": (answer(f"hello {SECRET}"), "something other than JSON"),
    "a-word": (answer(f'"{SECRET}"'), "something other than JSON"),
    "cut-json": (answer('{"a": 1'), "something other than JSON"),
    "deep-json": (answer(b"[" * 100_000), "something other than JSON"),
    "not-utf-8": (answer(b'{"a": "\xff"}'), "something other than JSON"),
    "no-http": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it closed the connection, or speaks no HTTP"),
    "silence": (b"", "it closed the connection, or speaks no HTTP"),
    "cut-short": (answer({"a": SECRET})[:-5], "it closed the connection, or speaks no HTTP"),
    "reset": (reset, "it closed the connection"),
    "huge": (answer(b'"' + b"x" * LARGEST), "more than a megabyte"),
    "bomb": (
        answer(zlib.compress(b"x" * (LARGEST + 1)), content_encoding="deflate"),
        "more than a megabyte",
    ),
    "not-zipped": (answer(b"xxxx", content_encoding="gzip"), "cannot be decoded"),
    "cut-gzip": (answer(gzip.compress(b"{}" * 99)[:-9], content_encoding="gzip"), "be decoded"),
    "encoded-twice": (answer(b"x", content_encoding="gzip, gzip"), "that was not asked for"),
    "brotli": (answer(b"x", content_encoding="br"), "that was not asked for"),
    "no-encoding-at-all": (answer(b"x", content_encoding=SECRET), "that was not asked for"),
    "to-another-host": (
        answer(b"", 302, location=f"https://login.example/?next={SECRET}"),
        "redirects to https://login.example, which is not followed",
    ),
    "to-plain-http": (answer(b"", 301, location="http://login.example/"), "is not followed"),
    "to-another-port": (answer(b"", 307, location="http://localhost:1/"), "is not followed"),
    "to-no-address": (
        answer(b"", 302, location="javascript:alert(1)"),
        "it leads to an address that cannot be used",
    ),
    "in-a-circle": (answer(b"", 302, location="/x"), "redirects without an end"),
}


@pytest.mark.parametrize("oddity", ODD)
def test_an_odd_answer_is_said_to_be_one(oddity: str) -> None:
    reaction, message = ODD[oddity]
    with OddServer({"/x": reaction}) as server, fails(StoreUnavailable, message, SECRET) as raised:
        get(f"{server.origin}/x")
    assert f"localhost:{server.port}" in raised.value.message


@pytest.mark.parametrize("oddity", ["portal", "reset", "cut-short", "to-another-host", "huge"])
def test_an_odd_answer_to_a_secret_shows_none(oddity: str) -> None:
    reaction, message = ODD[oddity]
    with OddServer({"/x": reaction}) as server, fails(StoreUnavailable, message, SECRET):
        post(f"{server.origin}/x")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP", "identity"])
def test_an_answer_that_a_proxy_encoded_is_read(encoding: str) -> None:
    body = b'{"a": 1}'
    if encoding != "identity":
        body = zlib.compress(body) if encoding == "deflate" else gzip.compress(body)
    with OddServer({"/x": answer(body, content_encoding=encoding)}) as server:
        assert get(f"{server.origin}/x").json == {"a": 1}


def test_no_encoding_is_asked_for() -> None:
    with OddServer({"/x": answer({})}) as server:
        get(f"{server.origin}/x")
    assert "accept-encoding: identity" in server.asked[0].lower()


@pytest.mark.parametrize(("encoding", "method"), [("gzip", get), ("deflate", post)])
def test_an_answer_that_would_be_huge_when_decoded_is_not_decoded_to_its_end(
    encoding: str, method: Callable[[str], HttpAnswer]
) -> None:
    wbits = zlib.MAX_WBITS + (16 if encoding == "gzip" else 0)
    compressor = zlib.compressobj(9, wbits=wbits)
    bomb = b"".join(compressor.compress(b" " * LARGEST) for _ in range(200)) + compressor.flush()
    assert len(bomb) < LARGEST / 4
    with OddServer({"/x": answer(bomb, content_encoding=encoding), "/y": answer({})}) as server:
        method(f"{server.origin}/y")  # the client's modules are no part of what is measured
        tracemalloc.start()
        try:
            with fails(StoreUnavailable, "more than a megabyte", SECRET):
                method(f"{server.origin}/x")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5 * LARGEST


def test_a_portal_is_named_as_what_it_may_be() -> None:
    with (
        OddServer({"/x": ODD["portal"][0]}) as server,
        fails(StoreUnavailable, "page", SECRET) as raised,
    ):
        get(f"{server.origin}/x")
    assert "with a browser first" in str(raised.value.hint)


def test_what_is_asked_is_followed_within_the_server() -> None:
    first = answer(b"", 308, location="/y?z")
    with OddServer({"/x": first, "/y": answer({"a": 1})}) as server:
        assert get(f"{server.origin}/x").json == {"a": 1}


def test_what_is_sent_is_not_sent_on() -> None:
    first = answer(b"", 307, location="/y")
    with (
        OddServer({"/x": first, "/y": answer({})}) as server,
        fails(StoreUnavailable, "redirects what is sent to it", SECRET),
    ):
        post(f"{server.origin}/x")
    assert len(server.asked) == 1


def test_a_path_that_is_not_there_is_an_answer() -> None:
    with OddServer({"/x": answer(PAGE, 404, "text/html")}) as server:
        assert (get(f"{server.origin}/x").status, get(f"{server.origin}/x").json) == (404, None)


def test_a_server_that_says_nothing_is_waited_for_only_so_long() -> None:
    with OddServer({}) as server:
        server.answers["/x"] = server.hang
        with fails(StoreUnavailable, r"did not answer within 0\.2 seconds", SECRET):
            get(f"{server.origin}/x", limit=0.2)


def test_a_server_that_trickles_is_waited_for_only_so_long() -> None:
    with OddServer({}) as server:

        def trickle(client: object) -> None:
            whole = answer({"a": 1})
            for index in range(len(whole)):
                client.sendall(whole[index : index + 1])  # type: ignore[attr-defined]
                if server.done.wait(0.1):
                    return

        server.answers["/x"] = trickle
        with fails(StoreUnavailable, "did not answer", SECRET):
            get(f"{server.origin}/x", limit=0.5)


def test_nobody_there() -> None:
    with OddServer({}) as server:
        origin = server.origin
    with fails(StoreUnavailable, "it refuses connections", SECRET):
        get(f"{origin}/x")


def test_no_such_name() -> None:
    with fails(StoreUnavailable, "its name is not known", SECRET):
        get("https://nowhere.invalid/x")


@pytest.mark.parametrize(
    "url", ["http://app.example.com/x", "http://10.0.0.1/x", "ftp://localhost/x", "x", "https://["]
)
def test_no_secret_goes_over_plain_http(url: str) -> None:
    with fails(StoreUnavailable, "over plain http", SECRET):
        get(url)


def test_a_header_that_cannot_be_one_is_not_shown() -> None:
    async def run(url: str) -> None:
        async with HttpClient() as http:
            await http.get(url, {"cookie": f"{SECRET}\nhost: evil.example"})

    with (
        OddServer({"/x": answer({})}) as server,
        fails(StoreUnavailable, "what is stored for it cannot be sent", SECRET),
    ):
        asyncio.run(run(f"{server.origin}/x"))


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return Authority.found(tmp_path / "ca.pem")


def context(cert_file: Path, key_file: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert_file, key_file)
    return made


def test_a_server_that_the_system_trusts_is_trusted(authority: Authority, tmp_path: Path) -> None:
    authority.issue(tmp_path / "c", tmp_path / "k")
    with OddServer({"/x": answer({})}, context(tmp_path / "c", tmp_path / "k")) as server:
        assert get(f"{server.origin}/x").status == 200


@pytest.mark.parametrize(
    ("names", "days", "message"),
    [
        (("other.example",), (-1, 30), "its certificate is for another host name"),
        (("localhost",), (-10, -2), "its certificate has expired"),
    ],
)
def test_a_bad_certificate_says_what_is_wrong_with_it(
    authority: Authority,
    tmp_path: Path,
    names: tuple[str, ...],
    days: tuple[int, int],
    message: str,
) -> None:
    authority.issue(tmp_path / "c", tmp_path / "k", names, days)
    with (
        OddServer({"/x": answer({})}, context(tmp_path / "c", tmp_path / "k")) as server,
        fails(StoreUnavailable, message, SECRET),
    ):
        get(f"{server.origin}/x")
    assert server.asked == []


@pytest.mark.usefixtures("authority")
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    write_self_signed(tmp_path / "c", tmp_path / "k")
    with (
        OddServer({"/x": answer({})}, context(tmp_path / "c", tmp_path / "k")) as server,
        fails(StoreUnavailable, "its certificate is self-signed", SECRET),
    ):
        get(f"{server.origin}/x")


def test_a_server_without_tls_is_not_spoken_to() -> None:
    with OddServer({}) as server, fails(StoreUnavailable, "no secure connection", SECRET):
        get(f"https://localhost:{server.port}/x")


def test_a_proxy_is_asked_to_connect_and_shown_no_secret() -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    with OddServer({"app.example.com:443": refusal}) as proxy:
        proxied = {"HTTPS_PROXY": f"http://ann:hunter2@127.0.0.1:{proxy.port}"}
        with fails(StoreUnavailable, "through the proxy: the proxy refused", SECRET, "hunter2"):
            get("https://app.example.com/x", environment=proxied)
    assert proxy.asked[0].startswith("CONNECT app.example.com:443 ")
    assert SECRET not in proxy.asked[0]


def test_a_host_may_go_without_the_proxy() -> None:
    with OddServer({}) as proxy:
        proxied = {"https_proxy": f"http://127.0.0.1:{proxy.port}", "no_proxy": ".invalid"}
        with fails(StoreUnavailable, "its name is not known", SECRET):
            get("https://nowhere.invalid/x", environment=proxied)
    assert proxy.asked == []


def test_this_machine_is_asked_without_the_proxy() -> None:
    with OddServer({"/x": answer({})}) as server:
        assert get(f"{server.origin}/x", environment={"ALL_PROXY": "http://127.0.0.1:1"}).status


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", ["hunter2", "socks5://a:hunter2@localhost"])
def test_a_proxy_that_is_none_is_refused_and_not_shown(proxy: str, name: str) -> None:
    with fails(BadValue, f"the proxy in `{name}` cannot be used", SECRET, "hunter2"):
        get("https://app.example.com/x", environment={"HTTPS_PROXY": "", name: proxy})


def test_a_proxy_that_is_not_there_is_blamed() -> None:
    with OddServer({}) as proxy:
        proxied = {"https_proxy": f"http://ann:hunter2@127.0.0.1:{proxy.port}"}
    with fails(StoreUnavailable, "through the proxy: it refuses", SECRET, "hunter2"):
        get("https://app.example.com/x", environment=proxied)


def test_nothing_slow_is_imported_before_somebody_asks() -> None:
    script = (
        "import sys, neontodo.accounts.account;"
        "import neontodo.accounts.issuers.device_flow, neontodo.accounts.issuers.http;"
        "print(sorted({'httpx', 'jwt', 'cryptography', 'sqlalchemy'} & set(sys.modules)))"
    )
    answered = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert answered.stdout == "[]\n"
