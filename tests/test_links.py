"""Where files are written: behind nobody else's links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neontodo.errors import Refused
from neontodo.filesystem import follow_links
from tests.harness import Todo

NOBODY = 65534
by_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="platform: only root can make what belongs to somebody else"
)


@pytest.fixture
def shared_folder(tmp_path: Path) -> Path:
    """A folder that everybody may write to, as /tmp, with a link of somebody else's."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    (tmp_path / "victim").mkdir()
    (folder / "link").symlink_to(tmp_path / "victim")
    os.lchown(folder / "link", NOBODY if os.geteuid() == 0 else -1, -1)
    return folder


def test_links_of_ones_own_are_followed_like_the_system_does(tmp_path: Path) -> None:
    for folder in ("a/b", "c"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "c/up").symlink_to("../a/b")
    (tmp_path / "c/up/file").symlink_to("../new")
    path = tmp_path / "c/up/file"
    assert follow_links(path) == path.resolve() == tmp_path / "a/new"
    assert follow_links(tmp_path / "c/up/../x") == tmp_path / "a/x"


@by_root
def test_a_link_of_somebody_elses_is_refused_wherever_it_is(shared_folder: Path) -> None:
    for name in ("link", "link/file", "link/../link/file"):
        with pytest.raises(Refused, match="somebody else has put a link at"):
            follow_links(shared_folder / name)


@by_root
@pytest.mark.parametrize("argv", [["add", "x"], ["list"], ["whoami"], ["doctor"]])
def test_no_store_is_made_behind_it(local: Todo, shared_folder: Path, argv: list[str]) -> None:
    link = shared_folder / "link"
    for env in (
        {"TODO_DATA_DIR": str(link)},
        {"TODO_DATA_DIR": str(link / "deeper")},
        {"TODO_DATABASE_URL": f"sqlite:///{link}/tasks.db"},
    ):
        result = local(*argv, env=env)
        assert result.code == 1
        assert f"somebody else has put a link at {link}" in result.out + result.err
    assert list((shared_folder.parent / "victim").iterdir()) == []


def test_a_data_folder_behind_links_in_a_circle_is_no_unexpected_error(
    local: Todo, tmp_path: Path
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    result = local("add", "x", env={"TODO_DATA_DIR": str(tmp_path / "a")})
    assert result.code == 5
    assert "unexpected" not in result.err
