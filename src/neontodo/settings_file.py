"""Changing one setting in `config.toml`: comments, order and all other lines stay as they are."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from neontodo.errors import BadValue, Refused, explain_os_error
from neontodo.filesystem import explain_denial, follow_links, may_access, write_beside
from neontodo.masking import mask_passwords
from neontodo.settings import CONFIG_VARIABLE, URLS, Settings, parse_file, refuse_setting
from neontodo.wording import find_similar

_ELSEWHERE = {
    "database_url": "`todo connect` keeps it where only you can read it",
    "token": "set TODO_TOKEN where it is needed",
}
"""Secrets, which do not belong in a file that people show and share, and where they go."""

_BOM = "\ufeff"


def require_setting(name: str) -> str:
    """Return the name of a setting; BadValue if there is none, with the one that was meant."""
    if name not in Settings.model_fields:
        near = find_similar(name.lower().replace("-", "_"), Settings.model_fields)
        hint = f"did you mean `{near}`?" if near else "`todo config` lists them"
        raise BadValue(f"there is no setting `{name}`", hint=hint)
    return name


def parse_value(name: str, text: str) -> str | int:
    """Return the value of a setting as the file has it; BadValue if it cannot be used."""
    if name in _ELSEWHERE:
        raise BadValue(f"`{name}` is a secret and is not kept here", hint=_ELSEWHERE[name])
    if name in URLS and mask_passwords(text) != text:
        raise BadValue(
            f"the value of `{name}` has a password in it", hint="leave out what is before the `@`"
        )
    value: str | int = text
    is_number = int in get_args(Settings.model_fields[name].annotation)
    if is_number and re.fullmatch(r"[0-9]{1,9}", text):
        value = int(text)
    try:
        Settings.__pydantic_validator__.validate_assignment(Settings.model_construct(), name, value)
    except ValidationError as error:
        raise refuse_setting(error, f"`{name}`") from None
    return value


def change_file(path: Path, name: str, value: str | int | None) -> bool:
    """Set a setting in the file, or take it out with None; return whether that changed something.

    The file is replaced as a whole, or left as it is. One that links lead to stays where it is.

    Raises:
        BadValue: the file is no TOML.
        Refused: the file cannot be written, or has the setting in a form that is not understood.
    """
    try:
        path = follow_links(path)
        status = path.stat() if path.exists() else None
        if path == Path(os.devnull) or (status and not stat.S_ISREG(status.st_mode)):
            raise Refused(
                f"settings cannot be written to `{path}`, which is not a regular file",
                hint=f"set {CONFIG_VARIABLE} to a file",
            )
        data = path.read_bytes() if status else b""
        old = parse_file(data, path)
        new = {key: each for key, each in old.items() if key != name}
        new |= {} if value is None else {name: value}
        if new == old:
            return False
        text = _edit_text(data.decode(), name, value)
        if not _says(text, new):
            raise Refused(
                f"`{name}` in {path} cannot be changed by line", hint="edit the file by hand"
            )
        _replace_file(path, text.encode(), status)
    except (OSError, RuntimeError) as error:
        problem = explain_os_error(error) if isinstance(error, OSError) else "its links go round"
        reason, hint = explain_denial(path, os.W_OK, CONFIG_VARIABLE) or (problem, None)
        raise Refused(f"the settings file {path} cannot be written: {reason}", hint=hint) from None
    return True


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text.removeprefix(_BOM)) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _edit_text(text: str, name: str, value: str | int | None) -> str:
    lines = text.splitlines(keepends=True)
    is_table = (number for number, line in enumerate(lines) if line.lstrip().startswith("["))
    end = next(is_table, len(lines))
    key = re.compile(rf"""{_BOM}?[ \t]*(["']?){name}\1[ \t]*=""")
    place = next((number for number in range(end) if key.match(lines[number])), None)
    newline = "\r\n" if "\r\n" in text else "\n"
    written = "" if value is None else f"{name} = {_write_value(value)}"
    if place is not None:
        bom = _BOM if lines[place].startswith(_BOM) else ""
        rest = _find_comment(lines[place]) if written else ""
        lines[place] = f"{bom}{written}{rest}{newline if written else ''}"
    else:
        if end and not lines[end - 1].endswith("\n"):
            lines[end - 1] += newline
        lines.insert(end, written + newline)
    return "".join(lines)


def _find_comment(line: str) -> str:
    """Return the comment at the end of a line, with the blanks before it."""
    line = line.removeprefix(_BOM).rstrip("\r\n")
    for found in re.finditer(r"[ \t]*#", line):
        with suppress(tomllib.TOMLDecodeError):
            tomllib.loads(line[: found.start()])
            return line[found.start() :]
    return ""


def _write_value(value: str | int) -> str:
    # Of what TOML wants escaped JSON leaves out one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _replace_file(path: Path, data: bytes, status: os.stat_result | None) -> None:
    if status and not may_access(path, os.W_OK):
        raise PermissionError(f"{path} is read-only")
    mode = stat.S_IMODE(status.st_mode) if status else 0o600
    with write_beside(path, data, mode=mode) as temporary:
        temporary.replace(path)
