"""What an HTTP server answered: JSON of a bearable size, or an error that says what it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neontodo.accounts.issuers.issuer import joined, origin_of
from neontodo.errors import StoreUnavailable

if TYPE_CHECKING:
    import httpx

LARGEST = 1_000_000
"""The bytes of an answer at the most, as sent and as decoded."""
ENCODINGS = ("gzip", "x-gzip", "deflate")
"""What is decoded, though `identity` is asked for: some proxies compress whatever they pass on."""
CHECK = "check the network and the address, then run the command again"
PORTAL = "where a network wants a sign-in of its own, do that in a browser first"


@dataclass(frozen=True)
class Answer:
    """What a server said; `json` is None where it said nothing, headers are in lower case."""

    status: int
    json: dict[str, Any] | list[Any] | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)

    def text(self, name: str) -> str | None:
        """A field of the answer, if that is a text."""
        value = self.json.get(name) if isinstance(self.json, dict) else None
        return value if isinstance(value, str) else None


async def read(url: str, response: httpx.Response) -> Answer:
    """Take an answer in.

    Raises:
        StoreUnavailable: it is too big, no JSON, or says that the server has a problem.
    """
    return _answer(url, response, await _content(url, response))


async def _content(url: str, response: httpx.Response) -> bytes:
    """Read the body; neither what is sent nor what it decodes to may be larger than `LARGEST`."""
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
            f"{host_of(url)} encoded its answer in a way that was not asked for", hint=CHECK
        )
    decoded = _decompress(content)
    if decoded is None:
        raise StoreUnavailable(f"the answer of {host_of(url)} cannot be decoded", hint=CHECK)
    _refuse_if_too_large(url, decoded)
    return decoded


def _refuse_if_too_large(url: str, content: bytes | bytearray) -> None:
    if len(content) > LARGEST:
        raise StoreUnavailable(
            f"{host_of(url)} answered with more than a megabyte, which is not read", hint=CHECK
        )


def _decompress(content: bytearray) -> bytes | None:
    """The decoded content, cut where it is known to be too large; None if it is damaged."""
    import zlib

    # 32: whether it is gzip or zlib is told by how it begins.
    decompressor = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    try:
        decoded = decompressor.decompress(content, LARGEST + 1)
    except zlib.error:
        return None
    return decoded if decompressor.eof or len(decoded) > LARGEST else None


def _answer(url: str, response: httpx.Response, content: bytes) -> Answer:
    status = response.status_code
    if status >= 500:
        raise StoreUnavailable(
            f"{host_of(url)} answered that it has a problem (status {status})",
            hint=PORTAL if status == 511 else "run the command again later",
        )
    json_, is_json = _json(content)
    if not is_json and not (300 <= status < 400 or status in (404, 405, 429)):
        raise _not_json(url, response)
    return Answer(
        status=status,
        json=json_,
        headers={name.lower(): value for name, value in response.headers.items()},
        cookies=_cookies(response.headers.get_list("set-cookie")),
    )


def _json(content: bytes) -> tuple[dict[str, Any] | list[Any] | None, bool]:
    """What was said, and whether it was JSON at all; saying nothing is."""
    if not content.strip():
        return None, True
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None, False
    return (value, True) if isinstance(value, dict | list) else (None, value is None)


def _not_json(url: str, response: httpx.Response) -> StoreUnavailable:
    if "html" in response.headers.get("content-type", ""):
        return StoreUnavailable(
            f"{host_of(url)} answered with a page instead of data (status {response.status_code})",
            hint=f"{PORTAL}; else check the path of the issuer's URL",
        )
    return StoreUnavailable(
        f"{host_of(url)} answered with something else than JSON (status {response.status_code})",
        hint="check the issuer's URL",
    )


def redirected(url: str, answer: Answer) -> str:
    """Where a redirect leads, if that is within the same server."""
    there = joined(url, answer.headers.get("location", ""))
    if origin_of(there) == origin_of(url):
        return there
    where = origin_of(there)
    raise StoreUnavailable(
        f"{host_of(url)} redirects to {where or 'nowhere'}, which is not followed",
        hint=f"{PORTAL}; else use the address that it redirects to",
    )


def _cookies(headers: list[str]) -> dict[str, str]:
    pairs = (header.split(";", 1)[0].partition("=") for header in headers)
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def host_of(url: str) -> str:
    return origin_of(url).partition("://")[2] or "the server"
