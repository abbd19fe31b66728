"""What manages keys and members says so where nobody knows whether it was saved."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.databases import TemplateDatabases
from tests.faults.network import Break, Way
from tests.faults.scene import GIVING_UP, STEADY, Hurried, Scene
from tests.harness import Result

UNKNOWN = "error: not known whether it was saved: the connection broke while saving\n"


def lost(scene: Scene, person: Hurried, *argv: str, stdin: str = "") -> Result:
    """Run a command like the one before; its COMMIT is not answered, and the network dead then."""
    scene.network.plan(Break(commit(scene), dead=True))
    person.limits = GIVING_UP
    result = person(*argv, stdin=stdin)
    scene.network.plan(None)
    return result


def commit(scene: Scene) -> int:
    """After how many messages the last command has sent its last COMMIT."""
    trace = scene.network.trace
    return len(trace) - trace[::-1].index("c:Q")


def test_an_invitation(scene: Scene) -> None:
    scene.server.ok("member", "add", "first@example.com")
    scene.person.ok("member", "add", "ann@example.com")
    result = lost(scene, scene.person, "member", "add", "bob@example.com")
    assert (result.code, result.out) == (5, "")
    assert result.err == (
        f"{UNKNOWN}hint: if `todo member list` shows them, add them again with `--subject` and"
        " their id\n"
    )


def test_a_removal_is_gone_on_with(scene: Scene) -> None:
    for name in ("ann", "bob"):
        scene.server.ok("member", "add", f"{name}@example.com")
    scene.network.plan(None)
    scene.person.ok("member", "remove", "ann@example.com", "--yes")
    result = lost(scene, scene.person, "member", "remove", "bob@example.com", "--yes")
    assert (result.code, result.out) == (5, "")
    assert result.err == (
        "error: bob@example.com has no access, but the rest failed: not known whether it was"
        " saved: the connection broke while saving\n"
        "hint: run `todo member remove` again; without `--transfer-to` the tasks stay\n"
    )


def test_a_join_can_be_repeated(scene: Scene, tmp_path: Path) -> None:
    lines = [scene.person.ok("member", "add", f"{name}@example.com").out for name in ("ann", "bob")]
    ann, bob = (Hurried(tmp_path / name) for name in ("ann", "bob"))
    scene.network.plan(None)
    ann.ok("join", stdin=lines[0])
    result = lost(scene, bob, "join", stdin=lines[1])
    assert (result.code, result.out) == (5, "")
    assert result.err.endswith(f"{UNKNOWN}hint: run `todo join` again, with the same invitation\n")
    bob.ok("join", stdin=lines[1])
    bob.ok("add", "hers")


def test_a_move_that_was_saved_all_the_same(scene: Scene, templates: TemplateDatabases) -> None:
    """The network is well again at once, so that the second try finds what the first one moved."""
    local = Hurried(scene.person.home, limits=STEADY)
    local.ok("add", "-", stdin="one\ntwo\n")
    url = scene.person.env["TODO_DATABASE_URL"]
    scene.network.plan(None)
    clean = local.ok("connect", url, "--move")
    templates.server.execute(
        "TRUNCATE tasks, changes, dependencies; UPDATE users SET last_number = 0, last_seq = 0",
        database=urlsplit(url).path[1:],
    )
    scene.network.plan(Break(commit(scene)))
    moved = local.ok("connect", "--move")
    assert moved.err.splitlines()[-2:] == clean.err.splitlines()[-2:]
    assert scene.witness.state().numbers == [1, 2]


@pytest.mark.parametrize("argv", [("create", "--name"), ("revoke",)])
def test_a_token(scene: Scene, argv: tuple[str, ...]) -> None:
    for name in ("ann", "bob") if argv == ("revoke",) else ():
        scene.server.ok("token", "create", "--name", name)
    scene.person.ok("token", *argv, "ann")
    result = lost(scene, scene.person, "token", *argv, "bob")
    assert (result.code, result.out) == (5, "")
    assert result.err == f"{UNKNOWN}hint: `todo token list` shows whether it was saved\n"


@contextmanager
def interrupted_once_broken(scene: Scene) -> Iterator[None]:
    """Send Ctrl-C to the command in this thread once its connection has broken."""
    ended = threading.Event()
    main = threading.get_ident()

    def interrupt() -> None:
        while not ended.is_set():
            if scene.network.broke:
                signal.pthread_kill(main, signal.SIGINT)
                return
            time.sleep(0.005)

    watch = threading.Thread(target=interrupt)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


@pytest.mark.parametrize("way", ["cut", "stall"])
def test_an_interrupt_meanwhile(scene: Scene, way: Way) -> None:
    scene.person.ok("add", "one")
    scene.network.plan(None)
    scene.person.ok("add", "two")
    scene.network.plan(Break(commit(scene), way, dead=True))
    with interrupted_once_broken(scene):
        result = scene.person("add", "three")
    assert (result.code, result.out) == (130, "")
    what = "the connection broke" if "broke" in result.err else "it was interrupted"
    assert result.err == (
        f"error: not known whether it was saved: {what} while saving\n"
        "hint: check `todo log` before you repeat it\n"
    )


@pytest.mark.parametrize(
    ("sqlstate", "what"),
    [
        ("40001", "canceled this command: it conflicts with another\nhint: try again\n"),
        ("53100", "has no room left\nhint: try again later\n"),
        ("57014", "took too long over this command\nhint: try again later\n"),
    ],
)
def test_a_refused_commit_is_known(
    scene: Scene, templates: TemplateDatabases, sqlstate: str, what: str
) -> None:
    templates.server.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$;"
        " CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tasks"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
        database=urlsplit(scene.person.env["TODO_DATABASE_URL"]).path[1:],
    )
    result = replace(scene.server, limits=replace(STEADY, patience=0.0))("add", "one")
    assert (result.code, result.out) == (5, "")
    assert result.err.endswith(what)
    assert "not known" not in result.err
    assert scene.witness.state().numbers == []
