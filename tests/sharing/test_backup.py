"""Backups of members: their own rows only, restored within what their login role may do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.harness import Todo
from tests.sharing.people import Shared

pytestmark = pytest.mark.any_server


def log(person: Todo) -> list[dict[str, Any]]:
    """The log, without the names of machines: Bob's store does not know Ann's."""
    return [entry | {"machine": None} for entry in person.ok("log", "--json").json]


def test_a_member_backs_up_and_restores_their_own(shared: Shared) -> None:
    shared.owner.ok("add", "the owner's secret")
    ann, bob = shared.member("ann"), shared.member("bob")
    ann.ok("add", "ann's", "and another")
    ann.ok("add", "removed")
    ann.ok("rm", "2", "--yes")
    ann.ok("backup", "x.db")
    with closing(sqlite3.connect(ann.home / "x.db")) as connection:
        titles = connection.execute("SELECT title FROM tasks").fetchall()
        users = connection.execute("SELECT count(*) FROM users").fetchone()
    bob.ok("restore", str(ann.home / "x.db"))

    assert titles == [("ann's and another",)]
    assert users == (1,)
    assert bob.tasks() == ann.tasks()
    assert log(bob) == log(ann)
    bob.ok("undo", "--any")
    assert [task["title"] for task in bob.tasks()] == ["ann's and another", "removed"]


def test_a_member_cannot_replace_their_log(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "ann's")
    ann.ok("backup", "x.db")
    refused = ann("restore", "x.db", "--replace")

    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: a member of a shared database cannot remove their log")
    assert [task["title"] for task in ann.tasks()] == ["ann's"]
    assert not (ann.home / "backups").exists()
