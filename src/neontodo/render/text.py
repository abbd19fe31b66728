"""Text of tasks made safe for terminals and pipes: nothing in it is obeyed, nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, TextIO

LONGEST_VALUE = 60
"""Characters of a field's text where it is told beside others."""

_EMOJI = "\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001fbff"
_JOINING = "\u0600-\u109f\u1780-\u18aa\ufb50-\ufdff\ufe70-\ufefc"

_HIDDEN = (
    "\x00-\x1f\x7f-\x9f\u00ad"  # control characters, the soft hyphen
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, overrides and isolates
    "\u180e\u200b-\u200d\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff"  # separators, no width
    "\u3164\uffa0\ufff9-\ufffb\ufffe\uffff"  # blanks that are letters, annotation marks
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # invisible formatting
    "\ud800-\udfff"
)

_KEPT = (
    f"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])"  # families, flags, professions
    f"|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"  # Persian, Indic scripts
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"  # flags of England, Scotland and Wales
)


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(f"(?P<kept>{_KEPT})|[{_HIDDEN}]")


def _visible(match: re.Match[str]) -> str:
    return match[0] if match.lastgroup else match[0].encode("unicode_escape").decode("ascii")


def escape_text(text: str) -> str:
    r"""Return text for a terminal: characters that act or hide are spelled out, as `\n` or `\x1b`.

    Escaping what is already escaped changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return _hidden().sub(_visible, text)


def format_field(text: str) -> str:
    r"""Return text as a field: like `escaped`, with `\` doubled, so that it reads back."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return escape_text(text)


def spell_out_unencodable(text: str, stream: TextIO) -> str:
    r"""Return the text with what the stream's encoding lacks spelled out, as `\u4e2d`."""
    encoding = stream.encoding
    if not encoding or text.isascii():
        return text
    return text.encode(encoding, "backslashreplace").decode(encoding)


def make_displayable(text: str, stream: TextIO) -> str:
    """Return the text as it may be laid out for a terminal behind this stream."""
    return spell_out_unencodable(escape_text(text), stream)


def json_array(objects: Iterable[Any]) -> Iterator[str]:
    """Yield the pieces of a JSON array with a line for each object."""
    start = "[\n"
    for each in objects:
        yield start + json.dumps(each)
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def safe_write(stream: TextIO, text: str) -> None:
    """Write the text, spelling out what the stream's encoding lacks."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(spell_out_unencodable(text, stream))


def local_time(instant: datetime, tz: tzinfo) -> str:
    """Return day and minute of an instant, as the clock on the user's wall shows them."""
    # Within hours of the calendar's ends no other zone can say it.
    with suppress(OverflowError):
        instant = instant.astimezone(tz)
    return instant.isoformat(" ", "minutes")[:16]


@dataclass(frozen=True)
class Symbols:
    """The few signs that tables draw; `bars` are the eighths of a block, empty to full."""

    done: str = "✓"
    note: str = "¶"
    ellipsis: str = "…"
    arrow: str = "→"
    dash: str = "–"
    dot: str = "·"
    rule: str = "─"
    bars: str = " ▁▂▃▄▅▆▇█"


UNICODE = Symbols()
ASCII = Symbols(
    done="x", note="+", ellipsis="~", arrow="->", dash="-", dot="-", rule="-", bars="     ####"
)


def symbols_for(stream: TextIO) -> Symbols:
    """Return the signs that the stream's encoding has, plain ASCII if it lacks one of them."""
    try:
        "".join(astuple(UNICODE)).encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return ASCII
    return UNICODE


def shorten(text: str, symbols: Symbols) -> str:
    """Return as much of a field's text as a message or a line of the log has room for."""
    if len(text) <= LONGEST_VALUE:
        return text
    return text[: LONGEST_VALUE - len(symbols.ellipsis)].rstrip() + symbols.ellipsis
