"""A long session of changes, with an agent and without: the same in every byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.conftest import fill
from tests.agent.machine import alike, machine

WRITES: list[tuple[list[str], bytes]] = [
    (["add", "Water the plants", "--due", "2030-01-01", "--json"], b""),
    (["add", "-"], b"one\ntwo\r\n\n  three  \n"),
    (["add", "-", "--quiet"], "ünï\n".encode()),
    (["import", "-", "--format", "todotxt"], b"(A) imported +p @c\nx 2026-01-01 done\n"),
    (["import", "-", "--format", "json"], b'[{"title": "a"}, {"title": 3}]'),
    (["edit", "1", "--title", "Buy oat milk"], b""),
    (["toggle", "1-3", "--json"], b""),
    (["rm", "4", "--yes"], b""),
    (["undo"], b""),
    (["undo"], b""),
    (["redo"], b""),
    (["rm", "1"], b""),
    (["rm", "1"], b"y\n"),
    (["edit", "1"], b""),
    (["list", "--all", "--json"], b""),
    (["log", "--json"], b""),
]


@pytest.mark.slow
def test_a_session_of_changes(tmp_path: Path) -> None:
    def session(home: Path, agent: bool) -> list[tuple[int, bytes, bytes]]:
        with machine(home) as made:
            fill(made)
            if agent:
                made.warm()
            before = made.served()
            answers = [alike(made(*argv, stdin=given, agent=agent)) for argv, given in WRITES]
            assert made.served() - before == (len(WRITES) if agent else 0)
        return answers

    assert session(tmp_path / "there", True) == session(tmp_path / "here", False)
