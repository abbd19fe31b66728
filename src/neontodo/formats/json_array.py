"""`json`: one array of tasks as `--json` prints them, complete both ways.

Written as `[`, one object per line with commas between, `]`; an empty list is `[]`. Every line is
`json.dumps` of the documented fields, so the text is ASCII and equal to `list --all --json`. Read
are arrays, or objects one after the other; every field but `title` may be missing, and a title or
description that is too long is cut, its full text kept in `extra`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import BinaryIO

from neontodo.formats import fields
from neontodo.formats.objects import BrokenJson, objects
from neontodo.formats.record import Record
from neontodo.formats.source import decoded
from neontodo.models import TaskPublic


def read(stream: BinaryIO, *, tz: tzinfo, now: datetime) -> Iterator[Record]:
    """One record per object."""
    with decoded(stream) as text:
        try:
            for where, raw in objects(text):
                yield fields.record(where, raw, "json", tz=tz, now=now)
        except BrokenJson as error:
            yield Record(error.where, problem=str(error))


def write(tasks: Iterable[TaskPublic], *, tz: tzinfo) -> Iterator[str]:
    """An array, one line per task; instants are in UTC, whatever `tz` is."""
    opening = "[\n"
    for task in tasks:
        yield opening + json.dumps(task.to_json())
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"
