"""The launcher's side of the socket; nothing here may take long to import."""

import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket

from neontodo.launcher import protocol
from neontodo.launcher.socket_path import is_private

PATIENCE = 2.0
"""Seconds after which an agent that says nothing is given up."""


class NotBegun(Exception):
    """The agent has not begun the command and will not: it can be run here."""


class NoAgent(NotBegun):
    """Nobody listens, or the agent that does is about to end."""


class AgentHangs(NotBegun):
    """An agent listens and does not answer."""


class AgentLost(Exception):
    """The agent was told to run the command, and has gone without saying how it ended."""


def connect(path: str) -> socket:
    """Connect to the user's own agent; NotBegun if there is none."""
    if not is_private(os.path.dirname(path)):
        raise NoAgent
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(path)
    except (BlockingIOError, TimeoutError):
        connection.close()
        raise NotBegun from None
    except OSError:
        connection.close()
        raise NoAgent from None
    if not is_peer_same_user(connection):
        connection.close()
        raise NotBegun
    return connection


def is_peer_same_user(connection: socket) -> bool:
    """Return whether the other end is a process of this user, where the system tells."""
    if sys.platform != "linux":
        return True
    from _socket import SO_PEERCRED

    credentials = connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid()


def run_in_agent(
    path: str,
    invocation: protocol.Invocation,
    *,
    streams: tuple[int, ...] = (0, 1, 2),
    folder: str = ".",
) -> int:
    """Let the agent at `path` run a command on these standard streams, in this folder.

    Returns:
        the command's exit code.

    Raises:
        NotBegun: the agent has not run it, and will not.
        AgentLost: not known whether it has.
    """
    body = invocation.encode()
    if len(body) > protocol.LARGEST:
        raise NotBegun
    connection = connect(path)
    try:
        folder_descriptor = os.open(folder, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        connection.close()
        raise NotBegun from None
    try:
        request = protocol.encode_request(protocol.RUN, body)
        _offer(connection, request, [*streams, folder_descriptor])
        return _wait_for_exit_code(connection)
    finally:
        os.close(folder_descriptor)
        connection.close()


def _offer(connection: socket, request: bytes, descriptors: list[int]) -> None:
    """Come to the point where the agent begins the command."""
    try:
        connection.sendall(request)
        answer = connection.recv(1)
        if answer == protocol.READY:
            rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)
            # Once the agent has this, there is no way back.
            connection.sendmsg([protocol.GO], [(SOL_SOCKET, SCM_RIGHTS, rights)])
            return
    except TimeoutError:
        raise AgentHangs from None
    except OSError:
        raise NoAgent from None
    raise NotBegun if answer == protocol.BUSY else NoAgent


def _wait_for_exit_code(connection: socket) -> int:
    """Return the exit code; Ctrl-C goes to the command, and a second one ends the waiting."""
    connection.settimeout(None)
    # An interrupt may come between receiving and returning: what was received stays here.
    answer = bytearray(2)
    try:
        _receive_answer(connection, answer)
    except KeyboardInterrupt:
        if not answer[0]:
            _interrupt(connection, answer)
    return answer[1]


def _interrupt(connection: socket, answer: bytearray) -> None:
    try:
        connection.sendall(protocol.INTERRUPT)
        _receive_answer(connection, answer)
    except NotBegun:
        # Ctrl-C ends a command that was not begun as well.
        raise KeyboardInterrupt from None
    except OSError:
        # The agent listens no more, but its answer may be there.
        _receive_answer(connection, answer)


def _receive_answer(connection: socket, answer: bytearray) -> None:
    try:
        size = connection.recv_into(answer)
    except OSError:
        raise AgentLost from None
    if answer == protocol.UNBEGUN:
        raise NotBegun
    if size != 2 or answer[:1] != protocol.ENDED:
        raise AgentLost


def ask_agent(path: str, kind: bytes) -> bytes:
    """Return the answer of the agent at `path` to STATUS or STOP; NotBegun if there is none."""
    connection = connect(path)
    try:
        connection.sendall(protocol.encode_request(kind))
        answer = b""
        while more := connection.recv(4096):
            answer += more
        return answer
    except TimeoutError:
        raise AgentHangs from None
    except OSError:
        raise NoAgent from None
    finally:
        connection.close()
