"""Which format a file has; and what it costs to ask."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from neontodo import formats
from neontodo.errors import BadValue
from tests.formats.samples import NOW, TZ, made, text_of
from tests.formats.test_taskwarrior import EXPORT


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("tasks.json", "json"),
        ("TASKS.CSV", "csv"),
        ("todo.txt", "todotxt"),
        ("my.todo", "todotxt"),
        ("tasks.jsonl", None),
        ("tasks", None),
    ],
)
def test_a_name_stands_for_a_format(name: str, format: str | None) -> None:
    assert formats.find_format_by_name(name) == formats.find_format_by_name(Path(name)) == format


@pytest.mark.parametrize("name", ["a.json", "a.ndjson", None])
@pytest.mark.parametrize("size", [400, 4096])
def test_taskwarriors_json_is_told_from_ours(name: str | None, size: int) -> None:
    ours = made(extra={"annotations": [{"entry": "", "description": ""}]})
    assert formats.detect(name, EXPORT.encode()[:size]) == "taskwarrior"
    assert formats.detect(name, EXPORT.split("\n")[1].encode()) == "taskwarrior"
    assert formats.detect(name, text_of([ours], "json").encode()[:size]) == "json"
    assert formats.detect(name, text_of([made()], "taskwarrior").encode("utf-16")) == "taskwarrior"


@pytest.mark.parametrize(
    ("name", "head", "format"),
    [
        ("a.json", b"", "json"),
        ("a.json", b"nonsense", "json"),
        ("a.csv", b"[{", "csv"),
        ("todo.txt", b'[ ] {"uuid"', "todotxt"),
        (None, b" [ ]", "json"),
        (None, b'\xef\xbb\xbf{"title": "x"}', "json"),
        (None, b'[{"title": [[', "json"),
        (None, b"[ ] Buy milk", None),
        (None, b"Buy milk", None),
        (None, b"", None),
    ],
)
def test_the_name_goes_before_the_content(
    name: str | None, head: bytes, format: str | None
) -> None:
    assert formats.detect(name, head) == format


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadValue, match="`yaml` is not a known format") as caught:
        list(formats.read(io.BytesIO(), "yaml", tz=TZ, now=NOW))
    assert caught.value.hint == "it is one of json, csv, todotxt, taskwarrior"


def test_asking_for_formats_imports_nothing_heavy() -> None:
    program = (
        "import sys, neontodo.formats as f; f.find_format_by_name('a.json'), f.FORMATS\n"
        "print(sorted({'sqlmodel', 'pydantic', 'csv'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
