"""A small client for JSON over HTTPS, which trusts nobody on the way.

An error names the server and what was the matter: never the address in full, a header or a body,
which may hold secrets; nor is it raised from the library's own error, which holds the request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from neontodo import __version__
from neontodo.accounts.issuers.http_answer import CHECK, Answer, host_of, read, redirected
from neontodo.accounts.issuers.issuer import is_safe
from neontodo.errors import BadValue, StoreUnavailable

if TYPE_CHECKING:
    import httpx

LIMIT = 10.0
REDIRECTS = 3
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Http:
    """Asks servers within `limit` seconds each; `environment` may name a proxy, as for curl."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, limit: float = LIMIT
    ) -> None:
        self._environment = environment or {}
        self._limit = limit
        self._stack = AsyncExitStack()
        self._clients: dict[tuple[bool, str | None], httpx.AsyncClient] = {}

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._clients.clear()
        await self._stack.aclose()

    async def get(self, url: str, headers: Mapping[str, str] = _NOTHING) -> Answer:
        """Ask for something; redirects are followed within the same server.

        Raises:
            StoreUnavailable: there was no answer, or none that can be used.
        """
        for _ in range(REDIRECTS + 1):
            answer = await self._ask("GET", url, headers, None)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            url = redirected(url, answer)
        raise StoreUnavailable(f"{host_of(url)} redirects without an end", hint=CHECK)

    async def post(
        self, url: str, body: Mapping[str, object], headers: Mapping[str, str] = _NOTHING
    ) -> Answer:
        """Send something; a redirect is an error, as it is not sent to anywhere else.

        Raises:
            StoreUnavailable: there was no answer, or none that can be used.
        """
        answer = await self._ask("POST", url, headers, body)
        if 300 <= answer.status < 400:
            redirected(url, answer)
            raise StoreUnavailable(
                f"{host_of(url)} redirects what is sent to it, which is not followed",
                hint="check the path of the issuer's URL",
            )
        return answer

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, object] | None
    ) -> Answer:
        import httpx

        if not is_safe(url):
            raise StoreUnavailable(
                f"{host_of(url)} is not asked over plain http, where others could listen",
                hint="use an address that begins with `https://`",
            )
        client = await self._client(url)
        try:
            async with (
                asyncio.timeout(self._limit),
                client.stream(method, url, headers=dict(headers), json=body) as response,
            ):
                return await read(url, response)
        except TimeoutError:
            problem = f"{host_of(url)} did not answer within {self._limit:g} seconds"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            way = " through the proxy" if _proxy(url, self._environment)[1] else ""
            problem = f"{host_of(url)} cannot be reached{way}: {_reason(error)}"
        # Raised out here, so that the library's error, which holds the request, is not its context.
        raise StoreUnavailable(problem, hint=CHECK)

    async def _client(self, url: str) -> httpx.AsyncClient:
        is_secure, (name, proxy) = url.startswith("https:"), _proxy(url, self._environment)
        if (is_secure, proxy) not in self._clients:
            client = _new_client(proxy, _context(is_secure))
            if client is None:
                raise BadValue(
                    f"the proxy in `{name}` cannot be used",
                    hint=f"such as {name}=http://proxy.example.com:3128",
                )
            self._clients[is_secure, proxy] = await self._stack.enter_async_context(client)
        return self._clients[is_secure, proxy]


def _new_client(proxy: str | None, context: ssl.SSLContext) -> httpx.AsyncClient | None:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

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
        # The error's text would show the proxy's password.
        return None


def _context(is_secure: bool) -> ssl.SSLContext:
    """How servers are verified; nobody is trusted where nobody has to be, which saves time."""
    from neontodo.db.tls import trust_system

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if is_secure:
        trust_system(context)
    return context


def _proxy(url: str, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """The variable that names the proxy for a URL, and the proxy; none for this machine's own."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    parts = urlsplit(url)
    if parts.scheme == "http" or proxy_bypass_environment(
        parts.netloc, {"no": environment.get("no_proxy") or environment.get("NO_PROXY") or ""}
    ):
        return "", None
    named = ((name, environment.get(name)) for name in _PROXIES)
    return next((found for found in named if found[1]), ("", None))


_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def _reason(error: BaseException) -> str:
    from neontodo.db.tls import reason

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return reason(cause)
        if (known := _KNOWN.get(type(cause).__name__)) is not None:
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


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from, the deepest first."""
    if error is None:
        return
    yield from _causes(error.__cause__ or error.__context__)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    yield error
