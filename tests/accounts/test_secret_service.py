"""A real Secret Service: gnome-keyring on a message bus of its own, with no display to ask on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.accounts.better_auth_server import PASSWORD, AuthServer
from tests.tools import require_tool

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="platform: only Linux has a Secret Service"
)

BUS = """
printf password | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null &
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true
do kill -0 $! || exit 1; sleep 0.1; done
echo "$! $DBUS_SESSION_BUS_ADDRESS"
read -r _
kill -CONT $!
kill $!
"""
STORE = """
import pathlib, sys
from neontodo.errors import TodoError
from neontodo.accounts.secrets.named_secrets import NamedSecrets
store = NamedSecrets(pathlib.Path(sys.argv[1]), lambda text: print("notice:", text.split(",")[0]))
"""
LOCK = """
import secretstorage
bus = secretstorage.dbus_init()
secretstorage.get_default_collection(bus).lock()
bus.close()
"""
GET = """
try: print(store.get("database"))
except TodoError as error: print(error.message)
"""


@dataclass(frozen=True)
class Desktop:
    """Somebody's session, and the process id of the keyring in it."""

    environment: dict[str, str]
    folder: Path
    daemon: int = 0

    def run(self, script: str) -> list[str]:
        """Run a script with a secret store in a process of its own, which has to end by itself."""
        command = [sys.executable, "-c", STORE + script, str(self.folder)]
        answer = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=100
        )
        assert answer.stderr == ""
        return answer.stdout.splitlines()

    def files(self) -> str:
        return "".join(path.read_text() for path in self.folder.rglob("*.json"))


def environment(home: Path) -> dict[str, str]:
    (home / "run").mkdir(mode=0o700)
    return {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PATH": os.getenv("PATH", ""),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    runner = require_tool("dbus-run-session", package="dbus")
    require_tool("gnome-keyring-daemon", package="gnome-keyring")
    variables = environment(tmp_path)
    with subprocess.Popen(
        [runner, "--", "sh", "-c", BUS],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        assert session.stdout
        daemon, _, address = session.stdout.readline().strip().partition(" ")
        variables["DBUS_SESSION_BUS_ADDRESS"] = address
        yield Desktop(variables, tmp_path / "neontodo", int(daemon))
        session.communicate("\n")


def test_a_secret_is_stored_and_read_and_deleted(desktop: Desktop) -> None:
    assert desktop.run('store.set("database", "hunter2"); print(store.locate("database"))') == [
        "keyring"
    ]
    assert "hunter2" not in desktop.files()
    assert desktop.run(GET) == ["hunter2"]
    assert desktop.run('store.set("database", "hunter3")' + GET) == ["hunter3"]
    assert desktop.run('store.delete("database")' + GET) == ["None"]
    assert (desktop.files(), held(desktop)) == ("", [])


def held(desktop: Desktop) -> list[str]:
    return desktop.run("""
import secretstorage
bus = secretstorage.dbus_init()
for item in secretstorage.get_default_collection(bus).get_all_items(): print(item.get_label())
bus.close()
""")


@pytest.mark.slow
def test_a_locked_keyring_gives_nothing_and_takes_nothing(desktop: Desktop) -> None:
    desktop.run('store.set("database", "hunter2")')
    desktop.run(LOCK)
    assert desktop.run(GET) == ["the keyring that holds `database` is locked"]
    assert desktop.run('store.set("token", "hunter3"); print(store.get("token"))') == [
        "notice: the keyring is locked",
        "hunter3",
    ]
    assert "hunter2" not in desktop.files()


@pytest.mark.slow
def test_a_hanging_keyring_holds_up_neither_the_command_nor_its_end(desktop: Desktop) -> None:
    desktop.run('store.set("database", "hunter2")')
    os.kill(desktop.daemon, signal.SIGSTOP)
    assert desktop.run(GET + 'store.set("token", "hunter3"); print(store.get("token"))') == [
        "the keyring that holds `database` does not answer",
        "notice: the keyring does not answer",
        "hunter3",
    ]


def test_without_a_session_a_file_takes_the_secret(tmp_path: Path) -> None:
    variables = environment(tmp_path) | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    desktop = Desktop(variables, tmp_path / "neontodo")
    assert desktop.run('store.set("database", "hunter2")' + GET) == [
        "notice: the keyring is missing",
        "hunter2",
    ]


@pytest.mark.slow
def test_who_signs_in_has_the_session_in_the_keyring(
    desktop: Desktop, auth_server: AuthServer
) -> None:
    ann = auth_server.person("Ann")
    settings = {"TODO_DATA_DIR": str(desktop.folder), "TODO_AGENT": "off"}

    def todo(*argv: str, stdin: str = "") -> str:
        command = [sys.executable, "-m", "neontodo", *argv]
        answer = subprocess.run(
            command,
            env=desktop.environment | settings,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        return answer.stdout + answer.stderr

    said = todo("login", auth_server.url, "--email", ann.email, stdin=PASSWORD)
    assert said == f"signed in as {ann.email} at {auth_server.url}\n"
    name = f"session {auth_server.url} ({desktop.folder})"
    assert held(desktop) == [f"Password for '{name}' on 'neontodo'"]
    assert "it has the session" in todo("doctor")
    assert todo("logout").startswith(f"signed out of {auth_server.url}\n")
    assert held(desktop) == []
    todo("login", auth_server.url, "--email", ann.email, stdin=PASSWORD)
    desktop.run(LOCK)
    # The token of the last minutes serves without it.
    assert f"email\t{ann.email}\n" in todo("whoami")
