from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from neontodo.accounts.secrets.private_files import (
    create_private,
    read_private,
    remove_private,
    write_private,
)
from neontodo.errors import NotSignedIn, StoreUnavailable
from tests.accounts.processes import race


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o177, 0o277, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("save", [write_private, create_private])
def test_files_and_new_folders_are_the_owners_alone_under_any_umask(
    tmp_path: Path, save: object
) -> None:
    assert callable(save)
    path = tmp_path / "share" / "neontodo" / "secret"
    save(path, b"s")
    assert mode(path) == 0o600
    assert {mode(folder) for folder in (path.parent, path.parent.parent)} == {0o700}
    assert read_private(path) == b"s"


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    write_private(folder / "secret", b"s")
    assert mode(folder) == 0o755


def test_writing_replaces_and_tightens(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (read_private(path), mode(path)) == (b"new", 0o600)


def test_creating_leaves_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert create_private(path, b"first")
    assert not create_private(path, b"second")
    assert read_private(path) == b"first"


def test_nothing_but_the_file_stays_behind(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private(path, b"1")
    create_private(path, b"2")
    write_private(path, b"3")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_of_many_processes_one_creates_the_file(tmp_path: Path) -> None:
    script = """
import os, sys, pathlib
from neontodo.accounts.secrets.private_files import create_private
print("ready", flush=True); input()
print(create_private(pathlib.Path(sys.argv[1]), str(os.getpid()).encode() * 1000))
"""
    path = tmp_path / "new" / "secret"
    assert sorted(race(script, str(path))) == ["False"] * 15 + ["True"]
    assert len(set((read_private(path) or b"").split(b"\0"))) == 1
    assert list(path.parent.iterdir()) == [path]


def test_what_is_not_there_is_none_and_removed_without_error(tmp_path: Path) -> None:
    assert read_private(tmp_path / "absent") is None
    assert read_private(tmp_path / "absent" / "deeper") is None
    remove_private(tmp_path / "absent")


def test_a_file_is_removed(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"s")
    remove_private(tmp_path / "secret")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o666, 0o602], ids=oct)
def test_a_secret_that_others_reach_is_not_used(tmp_path: Path, permissions: int) -> None:
    path = tmp_path / "it's mine"
    write_private(path, b"s")
    path.chmod(permissions)
    with pytest.raises(NotSignedIn, match="others") as raised:
        read_private(path)
    assert "chmod 600 '" in (raised.value.hint or "")


def test_a_link_to_a_private_file_is_followed(tmp_path: Path) -> None:
    write_private(tmp_path / "kept" / "secret", b"s")
    (tmp_path / "link").symlink_to(tmp_path / "kept" / "secret")
    assert read_private(tmp_path / "link") == b"s"


def test_a_pipe_in_its_place_neither_hangs_nor_counts(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(NotSignedIn):
        read_private(tmp_path / "pipe")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(NotSignedIn):
        read_private(tmp_path / "secret")
    with pytest.raises(StoreUnavailable):
        write_private(tmp_path / "secret", b"s")
    assert list(tmp_path.iterdir()) == [tmp_path / "secret"]


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b"s" * 1_000_001)
    with pytest.raises(NotSignedIn):
        read_private(tmp_path / "secret")


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="not a directory"):
        write_private(tmp_path / "file" / "secret", b"s")


def test_missing_permission_is_said(closed: Path) -> None:
    # For root the folder in the way is one of pytest's, whose owner it is.
    with pytest.raises(StoreUnavailable, match="cannot be written: it") as raised:
        write_private(closed / "secret", b"s")
    assert raised.value.hint


def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        read_private(tmp_path / "loop")


@pytest.mark.parametrize("save", [write_private, create_private])
@pytest.mark.parametrize(
    ("number", "hint"),
    [
        pytest.param(errno.ENOSPC, "free some space", id="full-disk"),
        pytest.param(errno.EDQUOT, "free some space", id="quota"),
        pytest.param(errno.EROFS, "read-only", id="read-only-disk"),
        pytest.param(errno.EIO, "check", id="broken-disk"),
    ],
)
def test_a_disk_that_does_not_write_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: object, number: int, hint: str
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    assert callable(save)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnavailable, match=os.strerror(number).lower()) as raised:
        save(tmp_path / "secret", b"s")
    assert hint in (raised.value.hint or "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("before", [None, b"first"], ids=["absent", "there"])
def test_without_hard_links_a_file_is_created_once_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no links on Android")

    monkeypatch.setattr(os, "link", forbid)
    path = tmp_path / "secret"
    if before is not None:
        write_private(path, before)
    assert create_private(path, b"second") == (before is None)
    assert read_private(path) == (before or b"second")
    assert (list(tmp_path.iterdir()), mode(path)) == ([path], 0o600)
