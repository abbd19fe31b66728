"""Named secrets: in the keyring of the operating system, else in files that only the owner reads.

Each secret has one private file, named by a hash of its name. The file holds the secret, or says
that the keyring does; so what was stored once is found again without a search, and where nothing
was ever stored no keyring is woken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from neontodo.accounts.secrets.keyring import LIMIT, Keyring, NoAnswer
from neontodo.accounts.secrets.private_files import (
    format_json,
    make_private,
    parse_json,
    read_private,
    remove_private,
    write_private,
)
from neontodo.errors import KeyringUnavailable, NotSignedIn

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

FOLDER = "secrets"


@dataclass(frozen=True)
class _Record:
    """One secret's file; `in_keyring` is also true where an older value may have stayed there."""

    name: str
    in_keyring: bool
    value: str | None


class SecretStore:
    """Named secrets: `folder` has their files, `notify` says when the first goes to a file.

    One keyring serves all folders: what is in it is named by the folder, too.
    """

    def __init__(
        self,
        folder: Path,
        notify: Callable[[str], None],
        backend: KeyringBackend | None = None,
        *,
        limit: float = LIMIT,
    ):
        self._folder = folder / FOLDER
        self._notify = notify
        self._keyring = Keyring(backend, limit)

    def get(self, name: str) -> str | None:
        """Return a secret, or None if there is none; a keyring that holds it must answer."""
        record = self._read_record(name)
        if record is None or record.value is not None:
            return None if record is None else record.value
        try:
            return self._keyring.get(self._name_in_keyring(name))
        except NoAnswer as problem:
            raise _make_unreachable_error(name, problem) from problem

    def set(self, name: str, value: str) -> None:
        """Store a secret where it was before, or for a new one in the keyring if that works."""
        record = self._read_record_to_replace(name)
        if record is not None and record.value is not None:
            self._write(replace(record, value=value))
            return
        if record is None:
            # Written first: a secret in the keyring that no file knows of would stay for ever.
            self._write(_Record(name, in_keyring=True, value=None))
        try:
            self._keyring.set(self._name_in_keyring(name), value)
        except NoAnswer as problem:
            in_keyring = record is not None or problem.late
            self._keep_in_file(_Record(name, in_keyring, value), problem)

    def delete(self, name: str) -> None:
        """Remove a secret from wherever it is; one that is not there is no error."""
        record = self._read_record_to_replace(name)
        if record is None:
            return
        if record.in_keyring:
            try:
                self._keyring.delete(self._name_in_keyring(name))
            except NoAnswer as problem:
                if record.value is None:
                    raise _make_unreachable_error(name, problem) from problem
        remove_private(self._path_of(name))

    def names(self) -> list[str]:
        """Return the names of the secrets that are stored here, without damaged ones."""
        return [record.name for record in self._read_records()]

    def make_private(self, name: str) -> None:
        """Let a secret's file be used again that others could read."""
        make_private(self._path_of(name))

    def locate(self, name: str) -> Literal["keyring", "file"] | None:
        """Say where a secret is stored, without asking a keyring."""
        record = self._read_record(name)
        if record is None:
            return None
        return "keyring" if record.value is None else "file"

    def _keep_in_file(self, record: _Record, problem: NoAnswer) -> None:
        first = not any(record.value is not None for record in self._read_records())
        self._write(record)
        if first:
            self._notify(
                f"the keyring {problem.reason}, so secrets are stored in `{self._folder}`, "
                "in files that only you can read"
            )

    def _read_records(self) -> list[_Record]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            with suppress(NotSignedIn):
                found.append(parse_json(_Record, read_private(path, even_shared=True) or b""))
        return [record for record in found if record is not None]

    def _read_record(self, name: str) -> _Record | None:
        data = read_private(self._path_of(name))
        if data is None:
            return None
        record = parse_json(_Record, data)
        if record is None or record.name != name:
            raise NotSignedIn(
                f"`{self._path_of(name)}` is damaged, so `{name}` is not known",
                hint="remove that file, then connect or sign in again",
            )
        return record

    def _read_record_to_replace(self, name: str) -> _Record | None:
        """Read the record; if it cannot be used, assume that a keyring holds the secret too."""
        try:
            return self._read_record(name)
        except NotSignedIn:
            return _Record(name, in_keyring=True, value="")

    def _write(self, record: _Record) -> None:
        write_private(self._path_of(record.name), format_json(record).encode())

    def _name_in_keyring(self, name: str) -> str:
        return f"{name} ({self._folder.parent.resolve()})"

    def _path_of(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{digest[:32]}.json"


def _make_unreachable_error(name: str, problem: NoAnswer) -> KeyringUnavailable:
    return KeyringUnavailable(
        f"the keyring that holds `{name}` {problem.reason}",
        hint="unlock it or start it, then run the command again",
    )
