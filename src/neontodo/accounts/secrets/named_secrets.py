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
from threading import Thread
from typing import TYPE_CHECKING, Literal, TypeVar

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
SERVICE = "neontodo"
LIMIT = 3.0

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _SecretFile:
    """One secret's file; `in_keyring` is also true where an older value may have stayed there."""

    name: str
    in_keyring: bool
    value: str | None


class NamedSecrets:
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
        file = self._read_file(name)
        if file is None or file.value is not None:
            return None if file is None else file.value
        try:
            return self._keyring.get(self._name_in_keyring(name))
        except NoAnswer as problem:
            raise _make_unreachable_error(name, problem) from problem

    def set(self, name: str, value: str) -> None:
        """Store a secret where it was before, or for a new one in the keyring if that works."""
        file = self._read_file_to_replace(name)
        if file is not None and file.value is not None:
            self._write(replace(file, value=value))
            return
        if file is None:
            # Written first: a secret in the keyring that no file knows of would stay for ever.
            self._write(_SecretFile(name, in_keyring=True, value=None))
        try:
            self._keyring.set(self._name_in_keyring(name), value)
        except NoAnswer as problem:
            in_keyring = file is not None or problem.late
            self._keep_in_file(_SecretFile(name, in_keyring, value), problem)

    def delete(self, name: str) -> None:
        """Remove a secret from wherever it is; one that is not there is no error."""
        file = self._read_file_to_replace(name)
        if file is None:
            return
        if file.in_keyring:
            try:
                self._keyring.delete(self._name_in_keyring(name))
            except NoAnswer as problem:
                if file.value is None:
                    raise _make_unreachable_error(name, problem) from problem
        remove_private(self._path_of(name))

    def names(self) -> list[str]:
        """Return the names of the secrets that are stored here, without damaged ones."""
        return [file.name for file in self._read_files()]

    def make_private(self, name: str) -> None:
        """Let a secret's file be used again that others could read."""
        make_private(self._path_of(name))

    def locate(self, name: str) -> Literal["keyring", "file"] | None:
        """Say where a secret is stored, without asking a keyring."""
        file = self._read_file(name)
        if file is None:
            return None
        return "keyring" if file.value is None else "file"

    def _keep_in_file(self, file: _SecretFile, problem: NoAnswer) -> None:
        first = not any(file.value is not None for file in self._read_files())
        self._write(file)
        if first:
            self._notify(
                f"the keyring {problem.reason}, so secrets are stored in `{self._folder}`, "
                "in files that only you can read"
            )

    def _read_files(self) -> list[_SecretFile]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            with suppress(NotSignedIn):
                found.append(parse_json(_SecretFile, read_private(path, even_shared=True) or b""))
        return [file for file in found if file is not None]

    def _read_file(self, name: str) -> _SecretFile | None:
        data = read_private(self._path_of(name))
        if data is None:
            return None
        file = parse_json(_SecretFile, data)
        if file is None or file.name != name:
            raise NotSignedIn(
                f"`{self._path_of(name)}` is damaged, so `{name}` is not known",
                hint="remove that file, then connect or sign in again",
            )
        return file

    def _read_file_to_replace(self, name: str) -> _SecretFile | None:
        """Read the file; if it cannot be used, assume that a keyring holds the secret too."""
        try:
            return self._read_file(name)
        except NotSignedIn:
            return _SecretFile(name, in_keyring=True, value="")

    def _write(self, file: _SecretFile) -> None:
        write_private(self._path_of(file.name), format_json(file).encode())

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


class NoAnswer(Exception):
    """No keyring did as asked; the text never quotes the keyring's own, which may hold a secret.

    Args:
        reason: what is the matter with the keyring, to be read after "the keyring".
        late: whether it may still do as asked.
    """

    def __init__(self, reason: str, *, late: bool = False):
        super().__init__(reason)
        self.reason = reason
        self.late = late


class Keyring:
    """The first keyring that keeps secrets to itself: no plain text, nobody's null device.

    It is asked with a time limit and never trusted to answer.
    """

    def __init__(self, backend: KeyringBackend | None = None, limit: float = LIMIT):
        self._backend = backend
        self._limit = limit
        self._hangs = False

    def get(self, name: str) -> str | None:
        """Return the secret of this name, if the keyring has it."""
        return self._ask(lambda backend: backend.get_password(SERVICE, name))

    def set(self, name: str, value: str) -> None:
        """Store a secret, in place of an older one."""
        self._ask(lambda backend: backend.set_password(SERVICE, name, value))

    def delete(self, name: str) -> None:
        """Remove a secret; one that is not there is no error."""
        self._ask(lambda backend: _delete(backend, name))

    def _ask(self, call: Callable[[KeyringBackend], Answer]) -> Answer:
        # A keyring may wait for ever for its owner's password. Its thread is then left behind: a
        # daemon, so that it does not keep the process from ending.
        if self._hangs:
            raise NoAnswer("does not answer")
        answers: list[Answer] = []
        failures: list[str] = []

        def run() -> None:
            try:
                answers.append(call(_find_usable(self._backend)))
            except BaseException as error:
                failures.append(type(error).__name__)

        thread = Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(self._limit)
        if answers:
            return answers[0]
        if failures:
            known = {"KeyringLocked": "is locked", _NoneUsable.__name__: "is missing"}
            raise NoAnswer(known.get(failures[0], f"does not work ({failures[0]})"))
        self._hangs = True
        raise NoAnswer("does not answer", late=True)


class _NoneUsable(Exception):
    """Nothing that keeps a secret is installed, or running."""


def _find_usable(backend: KeyringBackend | None) -> KeyringBackend:
    # keyring alone costs 70 ms, and asking for its backends wakes D-Bus.
    import keyring
    from keyring.backends.chainer import ChainerBackend

    found = backend or keyring.get_keyring()
    for candidate in found.backends if isinstance(found, ChainerBackend) else [found]:
        if candidate.priority >= 1 and not type(candidate).__module__.startswith("keyrings.alt."):
            return candidate
    raise _NoneUsable


def _delete(backend: KeyringBackend, name: str) -> None:
    from keyring.errors import PasswordDeleteError

    try:
        backend.delete_password(SERVICE, name)
    except PasswordDeleteError:
        # Some keyrings say this of a secret that is not there, some of any failure.
        if backend.get_password(SERVICE, name) is not None:
            raise
