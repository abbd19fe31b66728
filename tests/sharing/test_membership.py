"""Sharing a database: added by the owner, joined elsewhere, each by themselves, removed again."""

from __future__ import annotations

from tests.sharing.people import Shared


def test_an_invited_person_works_on_another_machine_and_sees_only_their_own(
    shared: Shared,
) -> None:
    shared.owner.ok("add", "owner's task")
    ann, bob = shared.member("ann"), shared.member("bob")
    ann.ok("add", "ann's task")
    bob.ok("add", "bob's task")
    assert [task["title"] for task in ann.tasks()] == ["ann's task"]
    assert [task["title"] for task in bob.tasks()] == ["bob's task"]
    assert [task["title"] for task in shared.owner.tasks()] == ["owner's task"]
