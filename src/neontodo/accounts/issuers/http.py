"""A small client for JSON over HTTPS, which trusts nobody on the way.

An error names the server and what was the matter: never the address in full, a header or a body,
which may hold secrets; nor is it raised from the library's own error, which holds the request.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from neontodo import __version__
from neontodo.accounts.issuers.issuer import is_safe, join_url, parse_origin
from neontodo.errors import BadValue, StoreUnavailable, iterate_causes

if TYPE_CHECKING:
    import httpx

LIMIT = 10.0
REDIRECTS = 3
LARGEST = 1_000_000
"""The bytes of an answer at most, as sent and as decoded."""
ENCODINGS = ("gzip", "x-gzip", "deflate")
"""What is decoded, though `identity` is asked for: some proxies compress whatever they pass on."""
PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
CHECK = "check the network and the address, then run the command again"
PORTAL = "if the network has a sign-in page, sign in there with a browser first"


@dataclass(frozen=True)
class HttpAnswer:
    """What a server said; `json` is None where it said nothing, headers are in lower case."""

    status: int
    json: dict[str, Any] | list[Any] | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)

    def text(self, name: str) -> str | None:
        """Return a field of the answer, if that is a text."""
        value = self.json.get(name) if isinstance(self.json, dict) else None
        return value if isinstance(value, str) else None


class HttpClient:
    """Asks servers within `limit` seconds each; `environment` may name a proxy, as for curl.

    StoreUnavailable is raised where there is no answer, or none that can be used.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, limit: float = LIMIT
    ) -> None:
        self._environment = environment or {}
        self._limit = limit
        self._stack = AsyncExitStack()
        self._clients: dict[tuple[bool, str | None], httpx.AsyncClient] = {}

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._clients.clear()
        await self._stack.aclose()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Ask for something; redirects are followed within the same server."""
        for _ in range(REDIRECTS + 1):
            answer = await self._ask("GET", url, headers=headers)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            url = _follow_redirect(url, answer)
        raise StoreUnavailable(f"{_host_of(url)} redirects without an end", hint=CHECK)

    async def post(
        self, url: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Send something; a redirect is an error, as it is not sent to anywhere else."""
        answer = await self._ask("POST", url, headers=headers, json=body)
        if 300 <= answer.status < 400:
            _follow_redirect(url, answer)
            raise StoreUnavailable(
                f"{_host_of(url)} redirects what is sent to it, which is not followed",
                hint="check the path of the issuer's URL",
            )
        return answer

    async def _ask(self, method: str, url: str, **content: Any) -> HttpAnswer:
        import httpx

        if not is_safe(url):
            raise StoreUnavailable(
                f"{_host_of(url)} is not asked over plain http, where others could listen",
                hint="use an address that begins with `https://`",
            )
        name, proxy = _find_proxy(url, self._environment)
        client = await self._open_client(url.startswith("https:"), name, proxy)
        try:
            async with (
                asyncio.timeout(self._limit),
                client.stream(method, url, **content) as response,
            ):
                return _read_answer(url, response, await _read_content(url, response))
        except TimeoutError:
            problem = f"{_host_of(url)} did not answer within {self._limit:g} seconds"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            way = " through the proxy" if proxy else ""
            problem = f"{_host_of(url)} cannot be reached{way}: {_explain(error)}"
        # Raised out here, so that the library's error, which holds the request, is not its context.
        raise StoreUnavailable(problem, hint=CHECK)

    async def _open_client(
        self, is_secure: bool, name: str, proxy: str | None
    ) -> httpx.AsyncClient:
        if (is_secure, proxy) not in self._clients:
            client = _make_client(is_secure, proxy)
            if client is None:
                raise BadValue(
                    f"the proxy in `{name}` cannot be used",
                    hint=f"such as {name}=http://proxy.example.com:3128",
                )
            self._clients[is_secure, proxy] = await self._stack.enter_async_context(client)
        return self._clients[is_secure, proxy]


def _make_client(is_secure: bool, proxy: str | None) -> httpx.AsyncClient | None:
    """Make a client; None if the proxy cannot be used: an error would show its password."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    from neontodo.db.tls import trust_system

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if is_secure:
        trust_system(context)
    try:
        return httpx.AsyncClient(
            verify=context,
            trust_env=False,
            proxy=proxy,
            # Every request as a whole has its limit.
            timeout=None,
            # No cookie is kept: each request carries what it is given.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "user-agent": f"neontodo/{__version__}",
                "accept": "application/json",
                "accept-encoding": "identity",
            },
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        return None


def _find_proxy(url: str, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the variable that names the proxy for a URL, and the proxy; none for this machine's.

    httpx would read the process's own environment, which is not that of an agent's command.
    """
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    parts = urlsplit(url)
    if parts.scheme == "http" or proxy_bypass_environment(
        parts.netloc, {"no": environment.get("no_proxy") or environment.get("NO_PROXY") or ""}
    ):
        return "", None
    named = ((name, environment.get(name)) for name in PROXIES)
    return next((found for found in named if found[1]), ("", None))


def _explain(error: BaseException) -> str:
    from neontodo.db.tls import explain_tls_error

    # asyncio has the errors of several addresses in one group.
    for cause in reversed(list(iterate_causes(error))):
        for each in cause.exceptions if isinstance(cause, BaseExceptionGroup) else (cause,):
            if isinstance(each, ssl.SSLError):
                return explain_tls_error(each)
            if (known := _KNOWN.get(type(each).__name__)) is not None:
                return known
    return "the connection broke"


_KNOWN = {
    "gaierror": "its name is not known",
    "ConnectionRefusedError": "it refuses connections",
    "ConnectionResetError": "it closed the connection",
    "ProxyError": "the proxy refused",
    "UnsupportedProtocol": "it leads to an address that cannot be used",
    "InvalidURL": "it leads to an address that cannot be used",
    "RemoteProtocolError": "it closed the connection, or speaks no HTTP",
    "LocalProtocolError": "what is stored for it cannot be sent",
}


async def _read_content(url: str, response: httpx.Response) -> bytes:
    """Read the body; neither what is sent nor what it decodes to may be larger than `LARGEST`."""
    import zlib

    content = bytearray()
    # Not `aiter_bytes`: it decodes whatever arrived at once, and a kilobyte may become a megabyte.
    async for chunk in response.aiter_raw():
        content += chunk
        _refuse_if_too_large(url, content)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity" or not content:
        return bytes(content)
    if encoding not in ENCODINGS:
        raise StoreUnavailable(
            f"{_host_of(url)} encoded its answer in a way that was not asked for", hint=CHECK
        )
    # 32: whether it is gzip or zlib is told by how it begins.
    decompressor = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    with suppress(zlib.error):
        decoded = decompressor.decompress(content, LARGEST + 1)
        _refuse_if_too_large(url, decoded)
        if decompressor.eof:
            return decoded
    raise StoreUnavailable(f"the answer of {_host_of(url)} cannot be decoded", hint=CHECK)


def _refuse_if_too_large(url: str, content: bytes | bytearray) -> None:
    if len(content) > LARGEST:
        raise StoreUnavailable(
            f"{_host_of(url)} answered with more than a megabyte, which is not read", hint=CHECK
        )


def _read_answer(url: str, response: httpx.Response, content: bytes) -> HttpAnswer:
    host, status = _host_of(url), response.status_code
    if status >= 500:
        raise StoreUnavailable(
            f"{host} reported a server error (status {status})",
            hint=PORTAL if status == 511 else "run the command again later",
        )
    said, is_json = _parse_json(content)
    if not is_json and not (300 <= status < 400 or status in (404, 405, 429)):
        if "html" in response.headers.get("content-type", ""):
            raise StoreUnavailable(
                f"{host} answered with a page instead of data (status {status})",
                hint=f"{PORTAL}; else check the path of the issuer's URL",
            )
        raise StoreUnavailable(
            f"{host} answered with something other than JSON (status {status})",
            hint="check the issuer's URL",
        )
    pairs = [
        header.split(";", 1)[0].partition("=") for header in response.headers.get_list("set-cookie")
    ]
    return HttpAnswer(
        status=status,
        json=said,
        headers=dict(response.headers),
        cookies={name.strip(): value.strip() for name, equals, value in pairs if equals},
    )


def _parse_json(content: bytes) -> tuple[dict[str, Any] | list[Any] | None, bool]:
    """Return what was said, and whether it was JSON at all; saying nothing is."""
    if not content.strip():
        return None, True
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None, False
    return (value, True) if isinstance(value, dict | list) else (None, value is None)


def _follow_redirect(url: str, answer: HttpAnswer) -> str:
    """Return where a redirect leads, if that is within the same server."""
    there = join_url(url, answer.headers.get("location", ""))
    where = parse_origin(there)
    if where == parse_origin(url):
        return there
    raise StoreUnavailable(
        f"{_host_of(url)} redirects to {where or 'nowhere'}, which is not followed",
        hint=f"{PORTAL}; else use the address that it redirects to",
    )


def _host_of(url: str) -> str:
    return parse_origin(url).partition("://")[2] or "the server"
