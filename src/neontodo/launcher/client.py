"""The launcher's side of the socket; nothing here may take long to import."""

import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

from neontodo.launcher import protocol
from neontodo.launcher.socket_path import is_private

PATIENCE = 2.0
"""Seconds until an agent that says nothing is given up."""


class NotRun(Exception):
    """The agent has not begun the command and will not: it can be run here."""


class Absent(NotRun):
    """Nobody listens there, or nobody who will go on listening."""


class Silent(NotRun):
    """Somebody listens and does not answer."""


class Lost(Exception):
    """The agent had been told to run the command, and has gone without saying how it ended."""


def connect(path: str) -> socket:
    """A connection to the user's own agent.

    Raises:
        NotRun: there is none.
    """
    if not is_private(os.path.dirname(path)):
        raise Absent
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(path)
    except (BlockingIOError, TimeoutError):
        connection.close()
        raise NotRun from None
    except OSError:
        connection.close()
        raise Absent from None
    if not is_ours(connection):
        connection.close()
        raise NotRun
    return connection


def is_ours(connection: socket) -> bool:
    """Whether the user is the one at the other end, where the system tells."""
    if sys.platform != "linux":
        return True
    from _socket import SO_PEERCRED

    credentials = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid()


def run(
    path: str, command: protocol.Command, *, streams: tuple[int, ...] = (0, 1, 2), folder: str = "."
) -> int:
    """Let the agent at `path` run a command on these standard streams, in this folder.

    Raises:
        NotRun: it has not, and will not.
        Lost: not known whether it has.
    """
    body = command.encode()
    if len(body) > protocol.LARGEST:
        raise NotRun
    connection = connect(path)
    try:
        place = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        connection.close()
        raise NotRun from None
    try:
        _offer(connection, protocol.request(protocol.RUN, body), [*streams, place])
        return _outcome(connection)
    finally:
        os.close(place)
        connection.close()


def _offer(connection: socket, message: bytes, descriptors: list[int]) -> None:
    """Come to the point where the command will be begun."""
    try:
        connection.sendall(message)
        answer = connection.recv(1)
        if answer == protocol.READY:
            rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)
            # Once this is in the agent's hands there is no way back.
            connection.sendmsg([protocol.GO], [(SOL_SOCKET, SCM_RIGHTS, rights)])
            return
    except TimeoutError:
        raise Silent from None
    except OSError:
        raise Absent from None
    raise NotRun if answer == protocol.BUSY else Absent


def _outcome(connection: socket) -> int:
    """The exit code; Ctrl-C goes to the command, and a second one ends the waiting."""
    connection.settimeout(None)
    # An interrupt may come between receiving and returning: what was received stays here.
    answer = bytearray(2)
    try:
        _fill(connection, answer)
    except KeyboardInterrupt:
        if not answer[0]:
            _interrupt(connection)
            _fill(connection, answer)
    return answer[1]


def _fill(connection: socket, answer: bytearray) -> None:
    try:
        received = connection.recv_into(answer)
    except OSError:
        raise Lost from None
    if answer == protocol.UNBEGUN:
        raise NotRun
    if received != 2 or answer[:1] != protocol.ENDED:
        raise Lost


def _interrupt(connection: socket) -> None:
    try:
        connection.sendall(protocol.INTERRUPT)
    except OSError:
        raise Lost from None


def ask(path: str, kind: bytes) -> bytes:
    """What the agent at `path` answers to STATUS or STOP, once it has closed the connection.

    Raises:
        NotRun: there is none, or it does not answer.
    """
    connection = connect(path)
    try:
        connection.sendall(protocol.request(kind))
        answer = b""
        while more := connection.recv(4096):
            answer += more
        return answer
    except TimeoutError:
        raise Silent from None
    except OSError:
        raise Absent from None
    finally:
        connection.close()
