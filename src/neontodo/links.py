"""Links on the way to a file that is written, which somebody else may have put there."""

from __future__ import annotations

import os
from pathlib import Path

from neontodo.errors import Refused


def follow_links(path: Path) -> Path:
    """The place behind all links of a path, whether there is a file or not.

    Raises:
        Refused: somebody else has put one of them there.
        RuntimeError, OSError: they lead nowhere.
    """
    for part in (*reversed(path.parents), path):
        if part.is_symlink():
            require_trusted(part, "a link")
            target = part.parent / part.readlink()
            return follow_links(target / path.relative_to(part))
    return Path(os.path.normpath(path))


def require_trusted(path: Path, what: str) -> None:
    """Make sure that it was made by this user, by root, or by the owner of its folder.

    It is what Linux asks of links in `/tmp` (`fs.protected_symlinks`), which does not help where
    links are read before the file is opened. Here it counts in every folder that people share.

    Raises:
        Refused: somebody else has put it there, for this user to write to what they chose.
    """
    owner = path.lstat().st_uid
    if os.name == "posix" and owner not in (0, os.geteuid(), path.parent.stat().st_uid):
        raise Refused(
            f"somebody else has put {what} at {path}, which is not written to",
            hint="name another file or folder, or the one that it leads to",
        )
