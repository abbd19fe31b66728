"""Screens to print on, and tasks to print."""

from __future__ import annotations

import io
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from rich.cells import cell_len

from neontodo.fields import Priority
from neontodo.models import TaskPublic
from neontodo.render.listing import Mode, Output
from neontodo.streams import Streams

TZ = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)

HOSTILE = "[red]x[/red] \x1b]0;t\x07 \u202eabc\nnext\tcol\\end"
HOSTILE_SHOWN = r"[red]x[/red] \x1b]0;t\x07 \u202eabc\nnext\tcol\end"

_ESCAPES = re.compile(r"\\(?:([\\ntr])|x(..)|u(.{4})|U(.{8}))")
_STYLES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Screen:
    """Streams into memory, and what came out of them."""

    streams: Streams
    _out: io.BytesIO
    _err: io.BytesIO

    @property
    def out(self) -> str:
        return _read(self.streams.out, self._out)

    @property
    def err(self) -> str:
        return _read(self.streams.err, self._err)

    def output(self, mode: Mode = "table") -> Output:
        """The output of a command that prints here."""
        return Output(self.streams, mode, NOW, lambda: TZ)

    @property
    def lines(self) -> list[str]:
        """The lines that stand on the terminal, without their colours."""
        return _STYLES.sub("", self.out).split("\n")


def note(text: str, at: str = "2018-10-02T14:36:04Z") -> dict[str, str]:
    """A note of a task."""
    return {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, text)), "at": at, "text": text}


def screen(
    width: int = 80,
    height: int = 24,
    *,
    terminal: bool = True,
    colour: bool = False,
    encoding: str = "utf-8",
) -> Screen:
    out, err = io.BytesIO(), io.BytesIO()
    streams = Streams(
        stdin=io.StringIO(),
        out=io.TextIOWrapper(out, encoding, newline="\n"),
        err=io.TextIOWrapper(err, encoding, newline="\n"),
        in_is_terminal=terminal,
        out_is_terminal=terminal,
        err_is_terminal=terminal,
        width=width,
        colour=colour,
        height=height,
    )
    return Screen(streams, out, err)


def task(number: int = 1, title: str = "Buy milk", **fields: Any) -> TaskPublic:
    given: dict[str, Any] = {
        "id": uuid.UUID(f"a1b2c3d4-0000-4000-8000-{number % 10**12:012}"),
        "number": number,
        "title": title,
        "description": None,
        "completed": False,
        "completed_at": None,
        "due_on": None,
        "due_at": None,
        "priority": Priority.NONE,
        "project": None,
        "tags": (),
        "extra": None,
        "created_at": NOW - timedelta(days=3),
        "updated_at": NOW - timedelta(days=3),
        "start_on": None,
        "start_at": None,
        "notes": (),
    }
    return TaskPublic(**given | fields)


def due_at(moment: datetime) -> dict[str, Any]:
    return {"due_on": moment.astimezone(TZ).date(), "due_at": moment}


def everyday() -> list[TaskPublic]:
    """Tasks of every kind that a table has to cope with."""
    return [
        task(3, due_on=date(2026, 11, 20), priority=Priority.HIGH, project="house", tags=("shop",)),
        task(
            12,
            "Call the dentist about the appointment that was moved twice, and ask for the bill",
            **due_at(datetime(2026, 11, 21, 8, 30, tzinfo=UTC)),
            priority=Priority.MEDIUM,
            project="health",
            tags=("phone", "urgent"),
        ),
        task(14, "Renew passport", due_on=date(2026, 11, 1), description="Bring two photos"),
        task(27, "買い物リストを作る（牛乳、卵、パン）それから夕食の準備をする", project="家"),
        task(40, "Paint the door", completed=True, completed_at=NOW, priority=Priority.LOW),
        task(101, "Family 👨‍👩‍👧 day in Ko\u0308ln", priority=Priority.LOW, tags=("fun",)),
    ]


def unescaped(text: str) -> str:
    """What a reader of a pipe does to a field."""
    plain = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}

    def one(match: re.Match[str]) -> str:
        digits = match[2] or match[3] or match[4]
        return chr(int(digits, 16)) if digits else plain[match[1]]

    return _ESCAPES.sub(one, text)


def widest(lines: list[str]) -> int:
    return max(map(cell_len, lines))


_ODD = (
    st.sampled_from("\x1b\x07\x9b\\[]\n\r\t\u202e\u2066\u200b\u200d\ufe0f\u0301"),
    st.sampled_from("👨👩🏴🇫家（ａ \u3000"),
)
_STORABLE = st.characters(exclude_characters="\0", exclude_categories=["Cs"])

odd_text = st.text(st.one_of(st.characters(exclude_categories=[]), *_ODD), max_size=220)
odd_description = st.text(st.one_of(_STORABLE, *_ODD), max_size=220)
odd_name = st.text(st.one_of(_STORABLE, *_ODD), max_size=100).filter(str.strip)
"""A title or a project, which is more than white space."""
odd_tag = st.text(
    st.sampled_from("\x1b\x07\\[]\u202e\u200b\u200d\u0301👨家（ａ"), min_size=1, max_size=100
)


def _read(stream: TextIO, written: io.BytesIO) -> str:
    stream.flush()
    return written.getvalue().decode(stream.encoding)
