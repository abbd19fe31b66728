"""An embedded store on a read-only disk, in a folder that may not be written, or somebody else's.

Root may write anywhere, so the commands run as another user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import pytest

from neontodo.app import App
from neontodo.db import read_only
from neontodo.errors import StoreUnavailable
from neontodo.resources import Resources
from neontodo.streams import Streams
from tests.harness import Todo

pytestmark = pytest.mark.skipif(os.name == "nt", reason="platform: POSIX permissions")

IS_ROOT = os.geteuid() == 0
USER = 65534 if IS_ROOT else os.geteuid()
READS = (
    ["list"], ["show", "1"], ["search", "milk"], ["export"], ["stats"], ["log"], ["tags"],
    ["whoami"], ["db", "current"], ["doctor"], ["connect", "--status"],
)  # fmt: skip


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's are not."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of somebody with two tasks."""
    person = Todo(tmp_path_factory.mktemp("filled") / "home")
    person.ok("add", "-", stdin="milk\ntea\n")
    for argv in READS:
        # What is imported late may not be readable for another user.
        person.ok(*argv)
    return person.home


@pytest.fixture
def ann(place: Path, filled_home: Path) -> Iterator[Todo]:
    """Somebody with two tasks, where every user can reach them."""
    shutil.copytree(filled_home, place / "home")
    yield Todo(place / "home")
    (place / "home").chmod(0o700)


def give(home: Path, *, folder: int, file: int) -> None:
    """Give the folder and the store to the powerless user, with these permissions."""
    for path in (*home.iterdir(), home):
        os.chown(path, USER, -1)
    (home / "tasks.db").chmod(file)
    home.chmod(folder)


def name_user() -> str:
    """Return what the system calls the powerless user."""
    return pwd.getpwuid(USER).pw_name


@contextlib.contextmanager
def powerless() -> Iterator[None]:
    """Without the rights of root."""
    os.seteuid(USER)
    try:
        yield
    finally:
        os.seteuid(0 if IS_ROOT else USER)


@pytest.mark.parametrize(
    ("folder", "file", "barrier"),
    [(0o500, 0o600, "home"), (0o500, 0o400, "home"), (0o700, 0o400, "home/tasks.db")],
    ids=["folder", "both", "file"],
)
def test_what_cannot_be_written_can_be_read(
    ann: Todo, place: Path, folder: int, file: int, barrier: str
) -> None:
    give(ann.home, folder=folder, file=file)
    with powerless():
        read = [ann(*argv).code for argv in READS]
        listed, checked, written = ann("list", "-q"), ann("doctor"), ann("add", "coffee")

    assert read == [0] * len(READS)
    assert listed.out == "1\n2\n"
    assert "read-only, tasks can be listed, not changed" in checked.out
    assert (written.code, written.out) == (5, "")
    assert written.err == (
        f"error: the store {ann.home / 'tasks.db'} is read-only: "
        f"`{place / barrier}` cannot be written: its permissions forbid it\n"
        f"hint: run `chmod u+rwX {place / barrier}`\n"
    )
    assert not (ann.home / "tasks.db-wal").exists() or folder == 0o700


def test_what_only_the_log_of_a_killed_process_has_is_read(ann: Todo, place: Path) -> None:
    left = Todo(place / "left")
    with contextlib.closing(sqlite3.connect(ann.home / "tasks.db")) as other:
        # Somebody who has the store open keeps its log.
        other.execute("SELECT * FROM tasks").fetchone()
        ann.ok("add", "coffee")
        shutil.copytree(ann.home, left.home, ignore=lambda *_: ["tasks.db-shm"])
    give(left.home, folder=0o500, file=0o400)
    with powerless():
        listed, checked = left("list", "-q"), left("doctor")
    left.home.chmod(0o700)

    assert (listed.code, listed.out) == (0, "1\n2\n3\n")
    assert checked.code == 0


def test_what_somebody_writes_meanwhile_is_noticed(ann: Todo) -> None:
    path = ann.home / "tasks.db"
    with read_only.refuse_changes(path):
        ann.ok("list")
    with (
        pytest.raises(StoreUnavailable, match="was changed while it was read"),
        read_only.refuse_changes(path),
    ):
        ann.ok("done", "1")
    with contextlib.closing(sqlite3.connect(path)) as other:
        # While somebody else has the store open, the change stays in the log.
        other.execute("SELECT * FROM tasks").fetchone()
        with (
            pytest.raises(StoreUnavailable, match="was changed while it was read"),
            read_only.refuse_changes(path),
        ):
            ann.ok("done", "2")


class Warm(Todo):
    """Somebody whose commands follow each other in one process, as in an agent."""

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        return App(streams, env, self.home, lambda: self.now, self.resources)

    @cached_property
    def resources(self) -> Resources:
        return Resources(outlive_command=True)


def test_an_agent_that_can_only_read_sees_what_others_write(ann: Todo) -> None:
    warm = Warm(ann.home, now=ann.now)
    for argv in (["list"], ["add", "coffee", "--dry-run"]):
        # As for the commands above: nothing is imported late.
        warm(*argv)
    warm.resources.release()
    for added in ("coffee", "cake"):
        give(ann.home, folder=0o500, file=0o400)
        with powerless():
            warm.resources.renew()
            before = warm.ok("list", "-q").rows
            warm.resources.clean_up()
        give(ann.home, folder=0o700, file=0o600)
        ann.ok("add", added)
        give(ann.home, folder=0o500, file=0o400)
        with powerless():
            warm.resources.renew()
            assert len(warm.ok("list", "-q").rows) == len(before) + 1
            warm.resources.clean_up()
    give(ann.home, folder=0o700, file=0o600)
    warm.ok("add", "and it writes again")
    warm.resources.close_all()


@pytest.mark.skipif(not IS_ROOT, reason="platform: only root can make what belongs to root")
@pytest.mark.parametrize(
    ("command", "code"),
    [("list", 5), ("add x", 5), ("export", 5), ("doctor", 5), ("--profile work list", 1)],
)
def test_what_root_made_in_somebodys_home_is_named_with_the_next_step(
    ann: Todo, place: Path, command: str, code: int
) -> None:
    home = place / "with blank"
    shutil.copytree(ann.home, home / ".local" / "share" / "neontodo")
    (home / ".local").chmod(0o700)
    os.chown(home, USER, -1)
    data = home / ".local" / "share" / "neontodo"
    with powerless():
        said = Todo(place, {"TODO_DATA_DIR": str(data)})(*command.split())

    assert said.code == code
    assert f"`{home / '.local'}` cannot be read: it belongs to root" in said.out + said.err
    assert said.err.endswith(
        f"hint: `sudo chown -R {name_user()} '{home / '.local'}'` makes it yours\n"
    )


@pytest.mark.skipif(not IS_ROOT, reason="platform: only root can make what belongs to root")
def test_a_file_or_place_of_root_is_named(ann: Todo, place: Path) -> None:
    give(ann.home, folder=0o700, file=0o600)
    os.chown(ann.home / "token", 0, 0)
    elsewhere = {"TODO_DATA_DIR": str(place / "new" / "folder")}
    with powerless():
        token, new = ann("list"), ann("add", "x", env=elsewhere)

    assert (token.code, token.err) == (
        5,
        f"error: `{ann.home / 'token'}` cannot be read: it belongs to root\n"
        f"hint: `sudo chown {name_user()} {ann.home / 'token'}` makes it yours\n",
    )
    # Nobody is told to take what belongs to the system.
    assert (new.code, new.err) == (
        5,
        f"error: `{place}` cannot be written: it belongs to root\n"
        "hint: set TODO_DATA_DIR to a place of your own\n",
    )


def test_a_settings_file_that_may_not_be_read_is_named_with_the_reason(
    ann: Todo, place: Path
) -> None:
    settings = place / "config.toml"
    settings.write_text("page_size = 5\n")
    os.chown(settings, USER, -1)
    settings.chmod(0)
    give(ann.home, folder=0o700, file=0o600)
    ann.env["TODO_CONFIG"] = str(settings)
    with powerless():
        said, checked = ann("list"), ann("doctor")

    what = f"the settings file {settings} cannot be read: `{settings}` cannot be read: "
    assert (said.code, said.err) == (
        2,
        f"error: {what}its permissions forbid it\nhint: run `chmod u+rwX {settings}`\n",
    )
    assert (checked.code, what in checked.out) == (2, True)
