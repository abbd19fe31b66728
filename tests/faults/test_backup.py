"""A backup and a restore whose connection breaks: whole, or as if they had not been tried."""

from __future__ import annotations

import pytest

from tests.faults.network import Break
from tests.faults.scene import Scene
from tests.faults.writes import Write


@pytest.mark.parametrize("step", [9, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dead", [False, True], ids=["healthy", "dead"])
def test_a_backup_on_a_network_that_breaks_is_complete_or_not_there(
    scene: Scene, dead: bool, step: int
) -> None:
    scene.server.ok("add", "-", stdin="one\ntwo\nthree\n")
    folder = scene.person.home / "backups"
    clean = scene.run(Write(("backup", "--json"), []), None)
    assert clean.code == 0, clean
    for after in range(1, len(scene.network.trace), step):
        (folder / clean.json["file"]).unlink(missing_ok=True)
        result = scene.run(Write(("backup", "--json"), []), Break(after, "cut", dead))

        if result.code == 0:
            assert result.json == clean.json | {"sha256": result.json["sha256"]}
            scene.server.ok("backup", "--check", clean.json["file"])
        else:
            assert (dead, result.code, result.out) == (True, 5, ""), (after, result)
            assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("dead", [False, True], ids=["healthy", "dead"])
def test_a_restore_on_a_network_that_breaks_is_complete_or_changes_nothing(
    scene: Scene, dead: bool
) -> None:
    scene.server.ok("add", "-", stdin="one\ntwo\nthree\n")
    scene.server.ok("backup", "x.db")
    backed_up = scene.witness.state()
    argv = ("restore", "x.db", "--replace", "--json")
    clean = scene.run(Write(argv, []), None)
    assert clean.code == 0, clean
    for after in range(1, len(scene.network.trace), 7):
        scene.server.ok("add", "later")
        later = scene.witness.state()
        result = scene.run(Write(argv, []), Break(after, "cut", dead))
        scene.network.plan(None)

        if result.code == 0:
            assert scene.witness.state() == backed_up
        else:
            assert (dead, result.code, result.out) == (True, 5, ""), (after, result)
            assert scene.witness.state() in (
                [backed_up, later] if "not known whether" in result.err else [later]
            )
        scene.server.ok("restore", "x.db", "--replace")
