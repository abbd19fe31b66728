"""A second login of one's own user, such as a lost phone, cannot stop what one writes oneself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import Todo
from tests.sharing.intruder import Intruder
from tests.sharing.people import Shared, connection_url

BROKEN, DENIED = "23514", "42501"
TASK = (
    "INSERT INTO tasks (user_id, id, number, title, completed, priority, tags, search_text,"
    " created_at, updated_at) SELECT user_id, gen_random_uuid(), {}, 'forged', false, 0, '', 'x',"
    " now(), now() FROM tasks LIMIT 1"
)
CHANGE = (
    "INSERT INTO changes (user_id, seq, command_id, position, key_id, task_id, kind, before, at)"
    " SELECT user_id, {seq}, {command}, {position}, key_id, task_id, 'delete',"
    ' \'{{"number":1,"title":"forged"}}\', now() FROM changes WHERE position = 0'
    " ORDER BY seq DESC LIMIT 1"
)


@pytest.fixture
def me(shared: Shared) -> Todo:
    """Whose phone it is: the owner of the database."""
    shared.owner.ok("add", "-", stdin="one\ntwo\nthree\n")
    shared.owner.ok("done", "1")
    return shared.owner


@pytest.fixture
def phone(shared: Shared, me: Todo) -> Iterator[Intruder]:
    who = me.ok("whoami", "--json").json["user"]
    shared.server.execute(
        f"UPDATE users SET email = 'me@example.com' WHERE id = '{who}'", database=shared.database
    )
    line = shared.invite("me@example.com", "--subject", who)
    intruder = Intruder(connection_url(shared.joined("phone", line)), ())
    yield intruder
    intruder.close()


def assert_can_write(todo: Todo) -> None:
    """Each kind of write, in turn; none of its rows is at odds with one that is there."""
    todo.ok("add", "another")
    todo.ok("edit", "2", "--title", "two again")
    todo.ok("done", "2", "3")
    todo.ok("done", "2", "3")
    todo.ok("undo")
    todo.ok("redo")
    todo.ok("rm", "@last", "--yes")
    todo.ok("undo")
    todo.ok("import", "-", "--format", "json", stdin='[{"title":"x"}]')
    todo.ok("log")


def test_counters_only_count_up(phone: Intruder, me: Todo) -> None:
    for change in (
        "last_seq = 0",
        "last_number = 0",
        "last_number = last_number - 1",
        "last_seq = last_seq - 1",
        "last_seq = 9007199254740992",
        "last_number = 9007199254740992",
        "last_number = 9223372036854775807, last_seq = 9223372036854775807",
        "last_number = last_number + 10000001",
        "last_seq = last_seq + 10000001",
        "last_seq = -1",
        "last_seq = NULL",
    ):
        tried = phone.tries(f"UPDATE users SET {change}")
        assert tried in (BROKEN, "23502", "22003"), change
    # None has changed anything: what the next writes is what it was.
    assert_can_write(me)


def test_counters_that_were_raised_cost_numbers(phone: Intruder, me: Todo) -> None:
    raised = "UPDATE users SET last_number = last_number + 1000, last_seq = last_seq + 1000"
    assert phone.tries(raised) == "allowed"
    assert_can_write(me)
    # What was taken and not used is given back, as far as nothing is logged above it.
    lowered = "UPDATE users SET last_seq = (SELECT max(seq) FROM changes) - {}"
    assert phone.tries(lowered.format(1)) == BROKEN
    assert phone.tries(lowered.format(0)) == "allowed"
    assert_can_write(me)


def test_the_next_number_and_seq_cannot_be_taken(phone: Intruder, me: Todo) -> None:
    for ahead in (1, 2, 1000, 2**50):
        number = f"(SELECT last_number FROM users) + {ahead}"
        seq = f"(SELECT last_seq FROM users) + {ahead}"
        assert phone.tries(TASK.format(number)) == DENIED
        assert (
            phone.tries(CHANGE.format(seq=seq, command="gen_random_uuid()", position=0)) == DENIED
        )
    assert_can_write(me)


def test_what_is_taken_with_its_counter_costs_itself(phone: Intruder, me: Todo) -> None:
    assert phone.tries("UPDATE users SET last_number = last_number + 1") == "allowed"
    assert phone.tries(TASK.format("(SELECT last_number FROM users)")) == "allowed"
    assert_can_write(me)
    assert "forged" in me.ok("list").out


@pytest.mark.slow
def test_forged_changes_cost_themselves(phone: Intruder, me: Todo) -> None:
    seq = "(SELECT last_seq FROM users)"
    for command in ("command_id", "gen_random_uuid()"):
        for position in (0, 1, 5, 2**31 - 1):
            phone.tries("UPDATE users SET last_seq = last_seq + 1")
            forged = phone.tries(CHANGE.format(seq=seq, command=command, position=position))
            is_taken = (command, position) == ("command_id", 0)
            assert forged == ("23505" if is_taken else "allowed"), (command, position)
            me("undo")
            assert_can_write(me)


def test_a_member_is_told_nothing_of_other_counters(phone: Intruder, shared: Shared) -> None:
    """Before the policy, nothing of somebody else's row is looked at; the same for who is not."""
    shared.member("ann").ok("add", "hers")
    ann = shared.ids()["ann"]
    for change in (
        "last_seq = 0",
        "last_number = 1 / (last_number - last_number)",
        "last_seq = 9007199254740992",
    ):
        for who in (ann, "nobody"):
            statement = f"UPDATE users SET {change} WHERE id = '{who}' RETURNING 1"
            assert phone.rows(statement, known=(ann,)) == []
    for who in (ann, "nobody"):
        for number in (1, 100_000):
            statement = TASK.format(number).replace("SELECT user_id", f"SELECT '{who}'")
            assert phone.tries(statement, known=(ann,)) == DENIED


@pytest.mark.slow
def test_members_write_as_before(shared: Shared) -> None:
    ann = shared.member("ann")
    ann.ok("add", "-", stdin="".join(f"task {n}\n" for n in range(100)))
    # Two chunks.
    ann.ok("import", "-", "--format", "todotxt", stdin="".join(f"more {n}\n" for n in range(2100)))
    ann.ok("undo")
    ann.ok("redo")
    ann.ok("done", "1-100")
    ann.ok("done", "1-100")
    ann.ok("rm", "1-5", "--yes")
    ann.ok("undo")
    assert len(ann.tasks()) == 2200
    ann.ok("add", "and one more")
