"""Which format a file has, by its name and its first bytes."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import PurePath

FORMATS = ("json", "csv", "todotxt", "taskwarrior")

_SUFFIXES = {".json": "json", ".csv": "csv", ".txt": "todotxt", ".todo": "todotxt"}
_KEY = re.compile(r'"(\w+)"\s*:')


def format_of(path: str | PurePath) -> str | None:
    """The format that the name's extension stands for."""
    return _SUFFIXES.get(PurePath(path).suffix.lower())


def detect(path: str | PurePath | None, head: bytes) -> str | None:
    """The format of a file that begins with `head` (some kilobytes), if its format is not forced.

    `.csv`, `.txt` and `.todo` say it. In `.json` and in files of any other name, JSON objects with
    a `description` and `entry`, `uuid` or `status`, but no `title`, are Taskwarrior's; other JSON
    objects are ours.
    """
    named = format_of(path) if path is not None else None
    return named if named not in (None, "json") else _sniff(head) or named


def _sniff(head: bytes) -> str | None:
    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    text = head.decode(encoding, "ignore").lstrip()
    text, array = text.removeprefix("["), text[:1] == "["
    text = text.lstrip()
    if not text.startswith("{"):
        return "json" if array and text.rstrip() in ("", "]") else None
    keys = _first_keys(text)
    ours = "title" in keys or "description" not in keys or not keys & {"entry", "uuid", "status"}
    return "json" if ours else "taskwarrior"


def _first_keys(text: str) -> set[str]:
    try:
        return set(json.JSONDecoder().raw_decode(text)[0])
    except (ValueError, RecursionError):
        # The first object is longer than what was looked at.
        return set(_KEY.findall(text))
