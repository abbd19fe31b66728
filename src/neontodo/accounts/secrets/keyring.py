"""The operating system's keyring, asked with a time limit and never trusted to answer."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "neontodo"
LIMIT = 3.0

Answer = TypeVar("Answer")


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
    """The first keyring that keeps secrets to itself: no plain text, nobody's null device."""

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
            raise NoAnswer(_reason(failures[0]))
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


def _reason(failure: str) -> str:
    known = {"KeyringLocked": "is locked", _NoneUsable.__name__: "is missing"}
    return known.get(failure, f"does not work ({failure})")
