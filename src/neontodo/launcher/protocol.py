"""The messages between launcher and agent; nothing here may take long to import.

    launcher                        agent
    request RUN                 ->
                                <-  READY        or BUSY, LEAVING: run it yourself
    GO, with 4 descriptors      ->               from here on the command may have begun
    INTERRUPT (for each Ctrl-C) ->
                                <-  ENDED, exit code    or UNBEGUN: run it yourself

Only the launcher says GO, so it always knows whether running the command itself would be the first
time or perhaps the second. A connection that ends before ENDED means: not known.

A request is MAGIC, its kind, the length of its body in four bytes, and the body: fields with a NUL
between them, which neither arguments nor variables can contain. The descriptors are standard
input, output and error, and the working directory. They are sent only after READY: if an agent that
hangs held them, the launcher's pipes would stay open.
"""

import os

MAGIC = b"todo\x01"
RUN, STATUS, STOP = b"R", b"S", b"Q"
READY, BUSY, LEAVING = b"r", b"b", b"l"
ENDED, UNBEGUN = b"e", b"u\0"
GO, INTERRUPT = b"g", b"i"

HEAD = len(MAGIC) + 5
DESCRIPTORS = 4
LARGEST = 120_000
"""Bytes of a body: what a socket's buffer takes whole, so that nobody waits for a reader."""


class Garbage(Exception):
    """The other side does not speak this protocol."""


def encode_request(kind: bytes, body: bytes = b"") -> bytes:
    """Return a whole request."""
    return MAGIC + kind + len(body).to_bytes(4, "big") + body


def parse_head(head: bytes) -> tuple[bytes, int]:
    """Return the kind of a request and the length of its body; Garbage if this is no head."""
    kind, length = head[len(MAGIC) : len(MAGIC) + 1], int.from_bytes(head[-4:], "big")
    if not head.startswith(MAGIC) or kind not in (RUN, STATUS, STOP) or length > LARGEST:
        raise Garbage
    return kind, length


class Invocation:
    """A command line, and what a process of its own would have inherited from its parent.

    Attributes:
        argv: without the program's name.
        env: the whole environment: no list could name all that a library may look at.
        umask: for files that the command makes.
        texts: how the launcher's own interpreter opened standard input, output and error, each
            as `encoding:errors:line buffering:write through`.
    """

    def __init__(
        self, argv: list[bytes], env: dict[bytes, bytes], umask: int, texts: list[str]
    ) -> None:
        self.argv = argv
        self.env = env
        self.umask = umask
        self.texts = texts

    def encode(self) -> bytes:
        """Return the body of a request."""
        return b"\0".join(
            [
                b"%o" % self.umask,
                *(text.encode() for text in self.texts),
                b"%d" % len(self.argv),
                *self.argv,
                *(name + b"=" + value for name, value in self.env.items()),
            ]
        )

    @classmethod
    def decode(cls, body: bytes) -> "Invocation":
        """Return the invocation that `encode` made a body of; Garbage if it did not."""
        try:
            umask, *rest = body.split(b"\0")
            texts, rest = [text.decode() for text in rest[:3]], rest[3:]
            count = int(rest[0])
            argv, pairs = rest[1 : 1 + count], rest[1 + count :]
            if len(argv) != count or any(text.count(":") != 3 for text in texts):
                raise Garbage
            env = {name: value for name, _, value in (pair.partition(b"=") for pair in pairs)}
            return cls(argv, env, int(umask, 8) & 0o777, texts)
        except (ValueError, IndexError):
            raise Garbage from None

    def decode_argv(self) -> list[str]:
        """Return the arguments as text, decoded as an interpreter decodes its own."""
        return [os.fsdecode(word) for word in self.argv]
