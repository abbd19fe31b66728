"""A process that cleans up when the test process is gone, even after `kill -9`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# `read` ends when the last writer of the pipe has gone. A stale pid file may name somebody
# else's process by then, hence the look at its name. Postgres removes the file as its last act.
# Removing the folder is repeated, because an initdb that was cut short may still be writing.
_SCRIPT = """
read -r _
file=$1/data/postmaster.pid tries=0
pid=$(head -n 1 "$file" 2>/dev/null)
name=$(cat "/proc/$pid/comm" 2>/dev/null || ps -o comm= -p "$pid" 2>/dev/null)
case "$name" in
  *postgres*)
    kill -QUIT "$pid"
    while [ -e "$file" ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done ;;
esac
until rm -rf "$1" || [ $tries -ge 400 ]; do sleep 0.05; tries=$((tries + 1)); done
"""


class Janitor:
    """Waits for this process to end, then stops the server in a folder and removes the folder."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "janitor", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # Neither Ctrl-C nor a signal to our whole group may reach it.
            start_new_session=True,
        )
        pipe = self._process.stdin
        assert pipe is not None
        # A forked child that outlives us would hold the pipe open.
        os.register_at_fork(after_in_child=pipe.close)
        self._pipe = pipe

    def finish(self) -> None:
        """Clean up now."""
        self._pipe.close()
        self._process.wait()
