"""A member lives with every command on the restricted role, beside others who do the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sharing.people import Shared
from tests.sharing.scenario import live


# So does the member of test_plans.py.
@pytest.mark.slow
def test_a_member_can_use_every_command(shared: Shared, tmp_path: Path) -> None:
    live(shared.member("ann"), tmp_path)


@pytest.mark.slow
def test_the_same_day_of_two_members_and_the_owner_ends_the_same(
    shared: Shared, tmp_path: Path
) -> None:
    lives = [shared.member("ann"), shared.member("bob"), shared.owner]
    seen = []
    for number, person in enumerate(lives):
        folder = tmp_path / str(number)
        folder.mkdir()
        live(person, folder)
        shown = [{**task, "id": None} for task in person.tasks()]
        seen.append((shown, person.ok("stats", "--json").json, person.ok("log").out))
    assert seen[0] == seen[1] == seen[2]
