"""A byte stream as text, whatever a person's tools saved it as."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO, cast


@contextmanager
def decoded(stream: BinaryIO) -> Iterator[TextIO]:
    """The stream as text with its own line ends: UTF-8, or UTF-16 if it begins with that mark.

    Bytes that are no UTF-8 come as lone surrogates, so that only the record that holds them is
    refused. The stream stays open.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    wide = buffered.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = io.TextIOWrapper(
        buffered,
        encoding="utf-16" if wide else "utf-8-sig",
        errors="replace" if wide else "surrogateescape",
        newline="",
    )
    try:
        yield text
    finally:
        if not stream.closed:
            text.detach()
            buffered.detach()
