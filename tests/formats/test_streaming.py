"""Files are read and written as they come, in the same memory however long they are."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator
from typing import cast

import pytest

from neontodo import formats
from neontodo.models import Record, TaskPublic
from tests.formats.samples import NOW, TZ, made, text_of


class Endless(io.RawIOBase):
    """A file that never ends."""

    def __init__(self, pieces: Iterator[str]):
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = cast(memoryview, buffer)
        self._rest = self._rest or next(self._pieces).encode()
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def endless(format: str) -> Iterator[Record]:
    """The records of an export that never ends."""
    tasks: Iterator[TaskPublic] = itertools.repeat(made(title="Buy milk" * 20, tags=["a", "b"]))
    written = formats.write(tasks, format, tz=TZ)
    parts = (line for piece in written for line in piece.splitlines(keepends=True))
    stream = io.BufferedReader(Endless(parts))
    return formats.read(stream, format, tz=TZ, now=NOW)


@pytest.mark.parametrize("format", formats.FORMATS)
def test_records_come_while_the_file_is_still_being_written(format: str) -> None:
    assert all(record.task for record in itertools.islice(endless(format), 2000))


@pytest.mark.parametrize("format", formats.FORMATS)
def test_memory_does_not_grow_with_the_number_of_tasks(format: str) -> None:
    stream = endless(format)
    next(stream)
    tracemalloc.start()
    try:
        for record in itertools.islice(stream, 2000):
            assert record.task
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_the_stream_stays_open_behind_the_last_record() -> None:
    for format in formats.FORMATS:
        stream = io.BytesIO(text_of([made(), made()], format).encode())
        found = formats.read(stream, format, tz=TZ, now=NOW)
        next(found)
        found.close()  # type: ignore[attr-defined]
        assert not stream.closed


def test_a_stream_may_be_closed_before_all_is_read() -> None:
    stream = io.BytesIO(text_of([made(), made()], "json").encode())
    found = formats.read(stream, "json", tz=TZ, now=NOW)
    next(found)
    stream.close()
    del found
