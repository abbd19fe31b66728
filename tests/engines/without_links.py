"""Processes for which the system makes no hard links, as on exFAT, SMB and Android."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

CALLS = {"x86_64": (0xC000003E, (86, 265)), "aarch64": (0xC00000B7, (37,))}
"""What the kernel calls the machine, and its numbers of `link` and `linkat`."""

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class Program(ctypes.Structure):
    """What `prctl` takes."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def is_possible() -> bool:
    """Whether this system can be told so."""
    return platform.system() == "Linux" and platform.machine() in CALLS


def forbid_links(number: int = errno.EPERM) -> None:
    """Have the kernel refuse links to this process and its children from now on."""
    _, calls = CALLS[platform.machine()]
    steps = [(0x20, 0, 0, 0)]  # load the number of the call
    for left, call in enumerate(reversed(calls), start=1):
        steps.insert(1, (0x15, left, 0, call))  # to the last step, if it is this one
    steps += [(0x06, 0, 0, ALLOW), (0x06, 0, 0, FAIL | number)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(steps), code)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "prctl")
