"""`todo connect`: from a pasted URL to a store in use, and nothing at all if that fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from neontodo.accounts.sharing.invitation import decode_invitation
from neontodo.db.retry import TimeLimits
from neontodo.db.schema import HEAD
from tests.certificates import Authority
from tests.cli.connections import Hasty, change, place
from tests.databases import Postgres
from tests.fake_server import FakeServer
from tests.faults.scene import Hurried
from tests.harness import Result, Todo
from tests.neon import DIRECT, POOLED, Neon
from tests.sharing.people import connection_url

SECRETS = (
    "notice: the keyring is missing, so secrets are stored in `{}/secrets`, in files that only"
)


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person on the embedded store, which does not exist yet."""
    return Hasty(tmp_path / "home")


@pytest.fixture
def empty(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)


@pytest.fixture
def ann(local: Todo, shared: str) -> Todo:
    """Ann, to whom the shared database belongs, with a task at home."""
    local.ok("add", "Task at home")
    local.ok("connect", shared)
    return local


@pytest.fixture
def desk(tmp_path: Path) -> Todo:
    """Another machine."""
    return Hasty(tmp_path / "desk")


def said(result: Result) -> list[str]:
    """The messages, with every time as `N ms` and without the notice about the keyring."""
    lines = re.sub(r"\d+ ms", "N ms", result.err).splitlines()
    return [line for line in lines if not line.startswith("notice:")]


def offer(person: Todo) -> str:
    return (
        f"hint: the embedded store's tasks are still in {person.home / 'tasks.db'}; "
        "`todo connect --move` moves them to the database"
    )


def stored(person: Todo) -> list[str]:
    """The files of connections."""
    return sorted(
        str(path.relative_to(person.home))
        for path in person.home.rglob("*")
        if path.is_file() and ("secrets" in path.parts or path.name == "connection.json")
    )


def user(person: Todo) -> str:
    return str(person.ok("whoami", "--json").json["user"])


def test_an_empty_database_needs_a_yes(local: Todo, empty: str) -> None:
    result = local("connect", empty)
    assert (result.code, result.out) == (6, "")
    assert said(result)[1:] == [
        f"error: {place(empty)} has no todo tables yet",
        "hint: pass `--upgrade` to create them",
    ]
    assert stored(local) == []


def test_connecting_says_what_the_server_is(
    local: Todo, empty: str, postgres_server: Postgres
) -> None:
    result = local.ok("connect", empty, "--upgrade")
    version = postgres_server.version
    assert said(result) == [
        f"127.0.0.1: Postgres {version}, connected in N ms, N ms a round trip",
        f"the schema is now {HEAD} (was nothing)",
        f"connected to {place(empty)}",
    ]
    assert SECRETS.format(local.home) in result.err
    local.ok("add", "Task there")
    assert (local.home / "tasks.db").exists() is False


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("yes", 0), ("n", 1), ("", 1)])
def test_on_a_terminal_the_upgrade_is_offered(
    local: Todo, empty: str, answer: str, code: int
) -> None:
    result = local("connect", empty, stdin=f"{answer}\n", terminal=True)
    assert result.code == code
    assert f"{place(empty)} has no todo tables yet; create them now? [y/N]" in result.err
    assert bool(stored(local)) is (code == 0)
    assert (local("db", "check", env={"TODO_DATABASE_URL": empty}).code == 0) is (code == 0)


def test_an_empty_database_takes_the_local_account(local: Todo, shared: str) -> None:
    local.ok("add", "Task at home")
    before = user(local)
    result = local.ok("connect", shared)
    assert said(result)[-1] == offer(local)
    assert user(local) == before
    assert local.tasks() == []


@pytest.mark.parametrize("argv", [["list"], ["list", "--all"], ["search", "milk"]])
def test_an_empty_list_says_where_the_embedded_stores_tasks_are(
    local: Todo, shared: str, argv: list[str]
) -> None:
    local.ok("add", "Task at home")
    local.ok("connect", shared)
    assert local.ok(*argv, terminal=True, width=300).err.splitlines()[-1] == offer(local)
    assert local.ok(*argv) == Result(0, "", "")
    assert local.ok(*argv, "--json").err == ""
    # Who has had tasks in the database knows where they are.
    local.ok("add", "Task there")
    local.ok("rm", "1", "--yes")
    assert local.tasks() == []
    assert "embedded store" not in local.ok(*argv, terminal=True, width=300).err


def test_an_empty_list_without_an_embedded_store_says_nothing_of_one(
    local: Todo, shared: str
) -> None:
    local.ok("connect", shared)
    assert "embedded store" not in local.ok("list", terminal=True).err
    assert not (local.home / "tasks.db").exists()


@pytest.mark.parametrize("text", ["{}", "{}\n", "psql '{}'\n", "DATABASE_URL={}\n"])
def test_a_url_from_standard_input(local: Todo, shared: str, text: str) -> None:
    local.ok("connect", "-", stdin=text.format(shared))
    assert local.ok("connect", "--status", "--json").json["store"] == place(shared)


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "DATABASE_URL_DIRECT",
        "DIRECT_URL",
        "NEON_DATABASE_URL",
        "NEON_POOLED_DATABASE_URL",
    ],
)
def test_a_url_from_the_usual_variables_of_a_file(local: Todo, shared: str, name: str) -> None:
    local.home.mkdir()
    (local.home / ".env").write_text(f"# ours\nOTHER=1\nexport {name}='{shared}'\n")
    local.ok("connect", "--env-file", ".env")
    assert local.ok("connect", "--status", "--json").json["store"] == place(shared)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("OTHER=1\n", "`.env` names no Postgres database"),
        ("DATABASE_URL=mysql://a:hunter2@h/d\n", "`.env` names no Postgres database"),
        (
            "DATABASE_URL=postgres://a:hunter2@h/d\nDIRECT_URL=postgres://a:hunter2@h/other\n",
            "`.env` names several databases: DATABASE_URL, DIRECT_URL",
        ),
        (None, "`.env` cannot be read: no such file or directory"),
    ],
)
def test_a_file_that_names_no_database(local: Todo, text: str | None, reason: str) -> None:
    local.home.mkdir()
    if text is not None:
        (local.home / ".env").write_text(text)
    result = local("connect", "--env-file", ".env")
    assert (result.code, said(result)[0]) == (2, f"error: {reason}")
    assert "hunter2" not in result.err


HIDDEN = "postgresql://ann%3Ahunter2@localhost/db"


@pytest.mark.parametrize(
    "argv", [["connect", "-"], ["connect", HIDDEN], ["connect", "--env-file", ".env"]]
)
def test_a_password_inside_the_user_name_is_refused_and_not_shown(
    local: Todo, argv: list[str]
) -> None:
    local.home.mkdir()
    (local.home / ".env").write_text(f"DATABASE_URL={HIDDEN}\n")
    result = local(*argv, stdin=HIDDEN)
    assert (result.code, result.out) == (2, "")
    assert said(result)[0].startswith("error: the user name of the database URL contains one of")
    assert "hunter2" not in result.err


@pytest.mark.parametrize("argv", [["connect", "--status"], ["profiles"], ["connect", "--local"]])
def test_a_password_that_an_earlier_release_took_for_a_user_name_is_masked(
    local: Todo, argv: list[str]
) -> None:
    local.home.mkdir()
    last = {"store": "h:5432/db", "display": "postgresql://ann:hunter2@h/db", "current": True}
    (local.home / "connection.json").write_text(json.dumps(last))
    (local.home / "connection.json").chmod(0o600)
    result = local(*argv, "--json") if argv[-1] != "--local" else local(*argv)
    assert "postgresql://…@h/db" in result.out.replace("\\u2026", "…") + result.err
    assert "hunter2" not in result.out + result.err


def test_a_pooled_and_a_direct_url_of_one_database_are_no_contradiction(
    local: Todo, neon: Neon, tmp_path: Path
) -> None:
    neon.server.create_database("both")
    (tmp_path / "env").write_text(
        f"DATABASE_URL={neon.url('both', POOLED)}\nDATABASE_URL_DIRECT={neon.url('both', DIRECT)}\n"
    )
    local.ok("connect", "--env-file", str(tmp_path / "env"), "--upgrade")
    assert POOLED in local.ok("connect", "--status").out
    neon.server.drop_database("both")


def test_a_second_machine_must_say_who_it_is(ann: Todo, desk: Todo, shared: str) -> None:
    result = desk("connect", shared)
    assert result.code == 2
    name = ann.ok("whoami", "--json").json["name"]
    assert said(result)[2:] == [
        "error: this database already has users: say which one you are",
        f"  {name} ({user(ann)})",
        "hint: pass `--as` with an e-mail address, a name or an id",
    ]
    assert stored(desk) == []


@pytest.mark.parametrize("how", ["name", "user", "email"])
def test_a_second_machine_is_the_same_user(
    ann: Todo, desk: Todo, shared: str, how: str, postgres_server: Postgres
) -> None:
    change(postgres_server, shared, "UPDATE users SET email = 'Ann@Example.org'")
    who = {**ann.ok("whoami", "--json").json, "email": "ann@example.ORG"}[how]
    ann.ok("add", "From the laptop")
    desk.ok("connect", shared, "--as", who)
    assert user(desk) == user(ann)
    desk.ok("add", "From the desk")
    assert [task["title"] for task in ann.tasks()] == ["From the laptop", "From the desk"]


def test_each_machine_has_a_key_of_its_own(ann: Todo, desk: Todo, shared: str) -> None:
    desk.ok("connect", shared, "--as", user(ann))
    keys = [person.ok("whoami", "--json").json["key"] for person in (ann, desk)]
    assert len(set(keys)) == 2
    ann.ok("add", "From the laptop")
    desk.ok("add", "From the desk")
    ann.ok("undo")
    assert [task["title"] for task in desk.tasks()] == ["From the desk"]
    assert (desk.home / "identity.json").exists() is False


def test_the_only_user_is_proposed_on_a_terminal(ann: Todo, desk: Todo, shared: str) -> None:
    name = ann.ok("whoami", "--json").json["name"]
    asked = f"are you {name} ({user(ann)})? [Y/n]"
    refused = desk("connect", shared, stdin="n\n", terminal=True)
    assert (refused.code, stored(desk)) == (1, [])
    assert asked in refused.err
    desk.ok("connect", shared, stdin="\n", terminal=True)
    assert user(desk) == user(ann)


@pytest.mark.parametrize("answer", ["2", "bob@example.org", "bob", "Bob"])
def test_several_users_are_listed_on_a_terminal(
    ann: Todo, desk: Todo, shared: str, postgres_server: Postgres, answer: str
) -> None:
    add_bob(postgres_server, shared)
    result = desk.ok("connect", shared, stdin=f"{answer}\n", terminal=True)
    assert "  2  Bob <bob@example.org> (bob)" in result.err.splitlines()
    assert user(desk) == "bob"


def add_bob(server: Postgres, url: str, user_id: str = "bob") -> None:
    change(
        server,
        url,
        "INSERT INTO users (id, email, name, last_number, last_seq, created_at, updated_at)"
        f" VALUES ('{user_id}', 'bob@example.org', 'Bob', 0, 0, now(), now())",
    )


def test_an_unknown_or_ambiguous_user(
    ann: Todo, desk: Todo, shared: str, postgres_server: Postgres
) -> None:
    for user_id in ("bob", "bob2"):
        add_bob(postgres_server, shared, user_id)
    nobody = desk("connect", shared, "--as", "carl")
    assert (nobody.code, said(nobody)[2]) == (2, "error: there is no user `carl` in this database")
    bob = desk("connect", shared, "--as", "bob@example.org")
    assert bob.code == 2
    assert said(bob)[2:] == [
        "error: `bob@example.org` means 2 users of this database",
        "  Bob <bob@example.org> (bob)",
        "  Bob <bob@example.org> (bob2)",
        "hint: use the id",
    ]
    assert stored(desk) == []


def test_connecting_again_adds_no_key(
    ann: Todo, desk: Todo, shared: str, postgres_server: Postgres
) -> None:
    desk.ok("connect", shared, "--as", user(ann))
    before = desk.ok("whoami", "--json").json["key"]
    desk.ok("connect", shared)
    desk.ok("connect", f"{shared}?application_name=todo-desk")
    assert desk.ok("whoami", "--json").json["key"] == before
    desk.ok("connect", "--local")
    desk.ok("connect")
    assert desk.ok("whoami", "--json").json["key"] == before


def test_a_machine_may_be_somebody_else_later(
    ann: Todo, shared: str, postgres_server: Postgres
) -> None:
    add_bob(postgres_server, shared)
    ann.ok("connect", shared, "--as", "bob")
    assert user(ann) == "bob"
    ann.ok("connect", shared)
    assert user(ann) == "bob"


def test_a_revoked_machine_gets_a_new_key(
    ann: Todo, desk: Todo, shared: str, postgres_server: Postgres
) -> None:
    me = user(ann)
    desk.ok("connect", shared, "--as", me)
    change(postgres_server, shared, "UPDATE keys SET revoked_at = now()")
    assert desk("add", "Refused").code == 4
    desk.ok("connect", shared, "--as", me)
    desk.ok("add", "Accepted")


def test_the_embedded_store_comes_back_and_asks_for_no_secret(ann: Todo, shared: str) -> None:
    left = ann.ok("connect", "--local")
    assert said(left) == [
        f"the embedded store {ann.home / 'tasks.db'} is in use again",
        "it was last changed 2026-11-20 13:00, 0 minutes ago",
        f"hint: `todo connect` goes back to {place(shared)}",
    ]
    for path in (ann.home / "secrets").iterdir():
        path.write_text("damaged")
    assert [task["title"] for task in ann.tasks()] == ["Task at home"]
    assert said(ann.ok("connect", "--local"))[0].endswith("is in use already")


def test_without_a_url_the_last_database_is_used_again(ann: Todo, shared: str) -> None:
    ann.ok("connect", "--local")
    ann.ok("connect")
    assert ann.ok("connect", "--status").out.splitlines()[0] == f"store\t{place(shared)}"


def test_forgetting_leaves_no_secret(ann: Todo, shared: str) -> None:
    result = ann.ok("connect", "--local", "--forget")
    assert said(result)[0] == f"removed what was stored of {place(shared)}"
    assert stored(ann) == []
    assert ann("connect").code == 2


def test_status_asks_nobody(ann: Todo, shared: str, postgres_server: Postgres) -> None:
    assert ann.ok("connect", "--status", "--json").json == {
        "store": place(shared),
        "engine": "postgresql",
        "chosen_by": "todo connect",
        "secrets_in": "a private file",
        "connected_before": None,
    }
    ann.ok("connect", "--local")
    assert ann.ok("connect", "--status").out == (
        f"store\t{ann.home / 'tasks.db'}\nengine\tsqlite\nchosen_by\tdefault\nsecrets_in\t\n"
        f"connected_before\t{place(shared)}\n"
    )
    elsewhere = ann.ok(
        "connect", "--status", "--json", env={"TODO_DATABASE_URL": "postgresql://a:b@nowhere/d"}
    )
    assert elsewhere.json["chosen_by"] == "TODO_DATABASE_URL"
    assert elsewhere.json["store"] == "postgresql://a@nowhere/d"
    facts = elsewhere.json["engine"], elsewhere.json["secrets_in"]
    assert facts == ("postgresql", "nowhere")


def test_a_setting_goes_before_what_is_stored(ann: Todo, tmp_path: Path) -> None:
    other = {"TODO_DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"}
    ann.ok("add", "Elsewhere", env=other)
    assert ann.tasks() == []
    result = ann.ok("connect", env=other)
    assert said(result)[-1] == "warning: TODO_DATABASE_URL is set and takes precedence"


def test_a_token_that_is_set_goes_on_saying_who_one_is(ann: Todo, shared: str) -> None:
    token = ann.ok("token", "create", "--name", "ci").out.strip()
    result = ann.ok("connect", shared, env={"TODO_TOKEN": token})
    assert said(result)[-1] == "warning: TODO_TOKEN is set and still decides who you are"


def test_a_ci_job_needs_two_variables(ann: Todo, desk: Todo, shared: str) -> None:
    token = ann.ok("token", "create", "--name", "ci").out.strip()
    job = {"TODO_DATABASE_URL": shared, "TODO_TOKEN": token}
    desk.ok("add", "From the job", env=job)
    assert [task["title"] for task in ann.tasks()] == ["From the job"]
    assert stored(desk) == []


def test_a_url_alone_uses_the_key_that_was_stored_for_it(
    ann: Todo, desk: Todo, shared: str
) -> None:
    desk.ok("connect", shared, "--as", user(ann))
    desk.ok("connect", "--local")
    desk.ok("add", "From the desk", env={"TODO_DATABASE_URL": shared})
    assert [task["title"] for task in ann.tasks()] == ["From the desk"]


def test_moving_takes_numbers_and_log_along(local: Todo, shared: str) -> None:
    local.ok("add", "-", stdin="One\nTwo\nThree\n")
    local.ok("edit", "2", "--tag", "home", "--due", "tomorrow")
    local.ok("rm", "1", "--yes")
    local.ok("done", "3")
    tasks, log = local.tasks(), local.ok("log", "--json").out
    result = local.ok("connect", shared, "--move")
    assert said(result)[-2:] == [
        "moved 2 tasks with their numbers and their log",
        f"the embedded store keeps its copy: {local.home / 'tasks.db'}",
    ]
    assert local.tasks() == tasks
    assert local.ok("log", "--json").out == log
    assert local.ok("add", "Next").out.startswith("4\t")
    local.ok("undo")
    local.ok("undo")
    assert local.ok("show", "3", "--json").json["completed"] is False


def test_moving_twice_does_nothing(local: Todo, shared: str) -> None:
    local.ok("add", "One")
    local.ok("connect", shared, "--move")
    before = local.ok("log").out
    result = local.ok("connect", "--move")
    assert said(result)[-1] == "nothing to move: 1 task moved before"
    assert local.ok("log").out == before


def test_moving_a_thousand_tasks_and_more(local: Todo, shared: str) -> None:
    local.ok("add", "-", stdin="".join(f"Task {n}\n" for n in range(2500)))
    tasks = local.tasks()
    local.ok("connect", shared, "--move")
    assert local.tasks() == tasks


def test_moving_to_where_tasks_are_imports_them(ann: Todo, desk: Todo, shared: str) -> None:
    ann.ok("add", "There already")
    desk.ok("add", "-", stdin="One\nTwo\n")
    desk.ok("done", "2")
    for person, names in ((ann, ("home", "work")), (desk, ("work", "garden"))):
        for name in names:
            person.ok("view", "save", name, f"+{person.home.name}")
    result = desk.ok("connect", shared, "--as", user(ann), "--move")
    assert said(result)[-3:] == [
        "the database already had tasks, so the log was not moved",
        "imported 2 tasks",
        "numbers that were taken: 1 is now 3",
    ]
    titles = {task["number"]: (task["title"], task["completed"]) for task in ann.tasks()}
    assert titles == {
        1: ("There already", False),
        2: ("Two", True),
        3: ("One", False),
    }
    again = desk.ok("connect", "--move")
    assert said(again)[-1] == "nothing to move: 2 tasks moved before"
    theirs, ours = f"+{ann.home.name}", f"+{desk.home.name}"
    views = [row[:2] for row in ann.ok("view", "list").rows]
    assert views == [["garden", ours], ["home", theirs], ["work", theirs]]
    desk.ok("undo")
    assert len(ann.tasks()) == 1


def test_what_was_removed_there_is_not_moved_again(local: Todo, shared: str) -> None:
    local.ok("add", "-", stdin="One\nTwo\n")
    local.ok("connect", shared, "--move")
    local.ok("rm", "1", "--yes")
    assert said(local.ok("connect", "--move"))[-1] == "nothing to move: 2 tasks moved before"
    assert len(local.tasks()) == 1


@pytest.fixture
def moved(local: Todo, shared: str) -> Todo:
    """A person whose three tasks were moved, who then changed them here, and one of them there."""
    local.ok("add", "-", stdin="One\nTwo\nThree\nFour\nFive\n")
    local.ok("connect", shared, "--move")
    local.ok("done", "4")
    local.ok("rm", "5", "--yes")
    local.ok("undo")
    local.ok("redo")
    local.later(days=2)
    local.ok("connect", "--local")
    local.ok("edit", "1", "--due", "tomorrow", "--tag", "home", "--title", "First")
    local.ok("rm", "2", "--yes")
    local.ok("done", "5")
    local.ok("add", "Six")
    return local


DIFFERENCES = [
    "  1 First: title, due, tags",
    "  2 Two: removed here",
    "  5 Five: removed there",
]


def test_moving_again_does_not_drop_changes_in_silence(moved: Todo) -> None:
    result = moved("connect", "--move")
    assert result.code == 1
    assert said(result)[3:] == [
        "error: nothing was moved: the database would keep its own version of 3 tasks changed in "
        "the embedded store",
        *DIFFERENCES,
        "hint: the database is in use now: change them there as well, or pass `--yes`; `todo "
        "connect --local` goes back to the embedded store",
    ]
    assert [task["title"] for task in moved.tasks()] == ["One", "Two", "Three", "Four"]
    moved.ok("connect", "--local")
    assert moved.ok("show", "1", "--json").json["title"] == "First"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1), ("n", 1)])
def test_on_a_terminal_it_is_asked_whether_to_leave_them_out(
    moved: Todo, answer: str, code: int
) -> None:
    result = moved("connect", "--move", stdin=f"{answer}\n", terminal=True, width=200)
    assert result.code == code
    lines = said(result)
    place = lines.index(
        "warning: the database keeps its own version of 3 tasks changed in the embedded store:"
    )
    assert lines[place + 1 : place + 4] == DIFFERENCES
    assert lines[place + 4].startswith("move the other tasks? [y/N]")
    titles = [task["title"] for task in moved.tasks()]
    assert titles == ["One", "Two", "Three", "Four", *["Six"] * (code == 0)]


def test_with_yes_the_databases_versions_stay(moved: Todo) -> None:
    lines = said(moved.ok("connect", "--move", "--yes"))
    assert (
        "warning: the database keeps its own version of 3 tasks changed in the embedded store:"
        in lines
    )
    titles = [task["title"] for task in moved.tasks()]
    assert titles == ["One", "Two", "Three", "Four", "Six"]


def test_what_was_only_changed_in_the_database_is_no_difference(local: Todo, shared: str) -> None:
    local.ok("add", "-", stdin="One\nTwo\nThree\n")
    local.ok("connect", shared, "--move")
    local.ok("edit", "1", "--title", "First")
    local.ok("rm", "2", "--yes")
    assert said(local.ok("connect", "--move"))[-1] == "nothing to move: 3 tasks moved before"


def test_a_task_that_was_imported_and_then_changed_here_is_named(
    ann: Todo, desk: Todo, shared: str
) -> None:
    ann.ok("add", "There already")
    desk.ok("add", "-", stdin="One\nTwo\n")
    desk.later(minutes=1)
    desk.ok("connect", shared, "--as", user(ann), "--move")
    desk.ok("edit", "2", "3", "--tag", "home")
    assert said(desk.ok("connect", "--move"))[-1] == "nothing to move: 2 tasks moved before"
    desk.ok("connect", "--local")
    desk.ok("done", "2")
    result = desk("connect", "--move")
    assert (result.code, said(result)[-2]) == (1, "  2 Two: completed, tags")


def test_at_most_ten_differences_are_shown(local: Todo, shared: str) -> None:
    local.ok("add", "-", stdin="".join(f"Task {n}\n" for n in range(1, 1202)))
    local.ok("connect", shared, "--move")
    local.ok("connect", "--local")
    local.ok("done", "2-1201")
    lines = said(local("connect", "--move"))
    assert lines[-3:-1] == ["  11 Task 11: completed", "  and 1190 more"]


def test_the_embedded_store_says_how_old_it_is(ann: Todo) -> None:
    ann.later(days=3)
    assert "it was last changed 2026-11-20 13:00, 3 days ago" in said(ann.ok("connect", "--local"))


def test_yes_goes_with_moving(ann: Todo, shared: str) -> None:
    assert ann("connect", shared, "--yes").code == 2


def test_a_store_whose_tasks_were_all_removed_has_nothing_to_move(
    ann: Todo, desk: Todo, shared: str
) -> None:
    ann.ok("add", "There already")
    desk.ok("add", "One")
    desk.ok("rm", "1", "--yes")
    result = desk.ok("connect", shared, "--as", user(ann), "--move")
    assert said(result)[-1] == "nothing to move: the embedded store is empty"


def test_nothing_to_move(local: Todo, desk: Todo, shared: str) -> None:
    result = local.ok("connect", shared, "--move")
    assert said(result)[-1] == "nothing to move: there is no embedded store"
    desk.ok("list")
    desk.ok("connect", shared, "--as", user(local), "--move")


@pytest.mark.parametrize(
    ("edit", "code", "reason"),
    [
        ((r":[^:@/]*@", ":hunter2@"), 5, "refused the user or the password"),
        ((r"/[^/]*$", "/nowhere"), 5, "has no such database"),
        ((r"@127.0.0.1:\d+", "@127.0.0.1:1"), 5, "connection refused"),
        ((r"@127.0.0.1:\d+", "@nowhere.invalid"), 5, "the host name is not known"),
        ((r"$", "?sslmode=verify-full"), 5, "its certificate comes from an authority"),
        ((r"$", "?channel_binding=require"), 5, "its certificate comes from an authority"),
        ((r"$", "?jit=off"), 2, "the database URL has an unknown parameter `jit`"),
        ((r"^postgresql", "mysql"), 2, "`mysql://` is not supported"),
        ((r"^.*$", "sqlite:////tmp/x.db"), 2, "that is a file, not a Postgres database"),
    ],
)
def test_a_failure_stores_and_changes_nothing(
    local: Todo, shared: str, edit: tuple[str, str], code: int, reason: str
) -> None:
    local.ok("list")
    before = sorted(local.home.rglob("*"))
    url = re.sub(*edit, shared, count=1)
    result = local("connect", url, "--upgrade")
    assert (result.code, result.out) == (code, "")
    assert reason in result.err
    assert "Traceback" not in result.err
    password = re.findall(r":([^:@/]*)@", f"{url} {shared}")
    assert not [secret for secret in password if secret in result.err]
    assert sorted(local.home.rglob("*")) == before


def test_a_failure_leaves_the_old_connection(ann: Todo, shared: str) -> None:
    before = {path: path.read_bytes() for path in ann.home.rglob("*.json")}
    assert ann("connect", re.sub(r":[^:@/]*@", ":hunter2@", shared)).code == 5
    assert ann("connect", shared, "--as", "nobody").code == 2
    assert {path: path.read_bytes() for path in ann.home.rglob("*.json")} == before


def test_tables_of_another_program(local: Todo, empty: str, postgres_server: Postgres) -> None:
    change(postgres_server, empty, "CREATE TABLE tasks (title text)")
    result = local("connect", empty, "--upgrade")
    assert (result.code, said(result)) == (
        1,
        [
            "error: the database already has tables of another program: tasks",
            "hint: use a database of its own: another file, or on a server `CREATE DATABASE todo`",
        ],
    )
    assert stored(local) == []


def test_another_programs_tables_may_stand_beside_ours(
    local: Todo, empty: str, postgres_server: Postgres
) -> None:
    change(postgres_server, empty, "CREATE TABLE customers (name text)")
    local.ok("connect", empty, "--upgrade")


def test_a_schema_newer_than_the_program(
    ann: Todo, desk: Todo, shared: str, postgres_server: Postgres
) -> None:
    change(postgres_server, shared, "UPDATE todo_version SET version_num = '9999'")
    result = desk("connect", shared, "--upgrade")
    assert (result.code, said(result)) == (
        6,
        [
            f"error: {place(shared)} is of a newer version (9999) than this program ({HEAD})",
            "hint: upgrade neontodo",
        ],
    )
    assert stored(desk) == []


def test_a_login_role_without_rights(local: Todo, empty: str, postgres_server: Postgres) -> None:
    postgres_server.execute("CREATE ROLE weak LOGIN PASSWORD 'hunter2'")
    url = re.sub(r"//[^@]*@", "//weak:hunter2@", empty)
    result = local("connect", url, "--upgrade")
    assert (result.code, said(result)[1]) == (
        4,
        f"error: {place(url)} does not allow your login role to do this",
    )
    assert stored(local) == []
    postgres_server.execute("DROP ROLE weak")


def test_a_members_url_needs_the_invitation(ann: Todo, desk: Todo, shared: str) -> None:
    line = ann.ok("member", "add", "bob@example.org").out.strip()
    url = decode_invitation(line).url
    result = desk("connect", url)
    assert result.code == 4
    assert said(result)[2:] == [
        "error: this login role is nobody's in this database, and this machine has no key for it",
        "hint: ask the database's owner for an invitation, and take it with `todo join`",
    ]
    assert stored(desk) == []
    desk.ok("join", line)
    phone = Todo(desk.home.parent / "phone")
    result = phone("connect", connection_url(desk))
    assert (result.code, said(result)[2]) == (
        4,
        "error: this login role is bob@example.org's, and this machine has no key for it",
    )
    desk.ok("add", "Bob's")
    desk.ok("connect")
    assert len(desk.tasks()) == 1


def test_neon_is_tried_by_both_hosts(local: Todo, neon: Neon) -> None:
    neon.server.create_database("neon")
    result = local.ok("connect", neon.url("neon"), "--upgrade")
    version = neon.server.version
    assert said(result)[:3] == [
        f"{POOLED} (pooled): Postgres {version}, connected in N ms, N ms a round trip",
        f"{DIRECT} (direct): Postgres {version}, connected in N ms, N ms a round trip",
        f"the schema is now {HEAD} (was nothing)",
    ]
    local.ok("add", "On Neon")
    local.ok("connect", neon.url("neon", DIRECT))
    assert len(local.tasks()) == 1
    neon.server.drop_database("neon")


@pytest.mark.slow
def test_migrations_refuse_the_pooled_host_alone(local: Todo, neon: Neon) -> None:
    neon.server.create_database("neon")
    neon.hosts.remove(DIRECT)
    # No wait for what is not there; what is there has all the time that it needs.
    person = Hurried(local.home, local.env, limits=TimeLimits(brief=0.1))
    result = person("connect", neon.url("neon"), "--upgrade")
    unreached = f"cannot reach {place(neon.url('neon', DIRECT).partition('?')[0])}"
    assert (result.code, said(result)[1:3]) == (
        5,
        [
            f"warning: its other host does not answer: {unreached}: the host name is not known",
            f"error: migrations need the direct host: {unreached}: the host name is not known",
        ],
    )
    assert stored(person) == []
    neon.hosts.add(DIRECT)
    person.ok("connect", neon.url("neon"), "--upgrade")
    neon.hosts.remove(DIRECT)
    person.ok("connect", neon.url("neon"))
    neon.server.drop_database("neon")


def test_the_other_host_is_named_if_only_that_answers(local: Todo, neon: Neon) -> None:
    neon.hosts.remove(POOLED)
    result = local("connect", neon.url("postgres"))
    assert (result.code, said(result)[-1]) == (5, f"hint: its direct host answers: {DIRECT}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Control plane request failed: endpoint cannot be found",
            "has no such endpoint",
        ),
        ("Control plane request failed: endpoint is disabled", "has its endpoint disabled"),
        (
            "This IP address 1.2.3.4 is not allowed to connect to this endpoint.",
            "does not let this machine's network in",
        ),
        ("password authentication failed for user 'alex'", "refused the user or the password"),
    ],
)
def test_what_neons_proxy_refuses(
    local: Todo,
    neon: Neon,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    reason: str,
) -> None:
    authority = Authority.found(tmp_path / "ca.pem")
    authority.issue(tmp_path / "cert", tmp_path / "key")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with FakeServer(tmp_path / "cert", tmp_path / "key", ("XX000", text)) as server:
        result = local("connect", server.url("sslmode=require", POOLED))
    assert (result.code, len(said(result))) == (5, 2)
    assert said(result)[0] == f"error: postgresql://alex@{POOLED}:{server.port}/d {reason}"
    assert set(server.heard) == {"direct"}
    assert stored(local) == []


@pytest.mark.parametrize("option", ["nonsense=1", "work_mem=x", "max_connections=5"])
def test_options_that_the_server_does_not_take(local: Todo, shared: str, option: str) -> None:
    result = local("connect", f"{shared}?options=-c%20{option}")
    assert (result.code, said(result)) == (
        5,
        [
            f"error: {place(shared)} does not accept the `options` of the database URL",
            "hint: check the database URL",
        ],
    )


def test_a_certificate_is_found_from_any_folder(local: Todo, shared: str) -> None:
    refused = local("connect", f"{shared}?sslmode=verify-full&sslrootcert=../a%20b.pem")
    assert (refused.code, stored(local)) == (2, [])
    assert said(refused) == [
        "error: `sslrootcert` is not an absolute path: ../a b.pem",
        f"hint: sslrootcert={local.home.parent}/a%20b.pem",
    ]


def test_options_that_contradict_each_other(local: Todo, shared: str) -> None:
    for words in (
        ("--local", "--status"),
        ("--local", shared),
        ("--status", "--move"),
        ("--forget",),
        ("--json", shared),
        (shared, "--env-file", ".env"),
    ):
        assert local("connect", *words).code == 2
    assert local("connect").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("connect", "x", "{}"),
        ("{}",),
        ("connect", "--sslmode={}"),
        ("list", "--sort", "{}"),
        ("connect", "--as", "x", "{}", "{}"),
    ],
)
def test_a_url_in_a_wrong_place_is_not_repeated(local: Todo, words: tuple[str, ...]) -> None:
    url = "postgresql://alex:hunter2@example.org/d"
    result = local(*(word.format(url) for word in words))
    assert result.code == 2
    assert "hunter2" not in result.out + result.err


def test_strange_passwords(local: Todo, shared: str, postgres_server: Postgres) -> None:
    password = "p@s/s:w?o#r d%41é"
    postgres_server.execute(f"CREATE ROLE strange SUPERUSER LOGIN PASSWORD '{password}'")
    login = f"//strange:{quote(password, safe='')}@"
    local.ok("connect", re.sub(r"//[^@]*@", login, shared))
    local.ok("add", "Stored")
    local.ok("connect", "--local")
    postgres_server.execute("DROP ROLE strange")


def test_damaged_files_say_the_way_out(ann: Todo, shared: str) -> None:
    (ann.home / "connection.json").write_text("{")
    result = ann("list")
    assert (result.code, said(result)) == (
        4,
        [
            f"error: `{ann.home}/connection.json` is damaged, so it is not known which store "
            "to use",
            "hint: `todo connect` writes it anew, `todo connect --local` for the embedded store",
        ],
    )
    ann.ok("connect", "-", stdin=shared)
    (ann.home / "connection.json").write_text("{")
    left = ann.ok("connect", "--local")
    assert said(left) == [f"the embedded store {ann.home / 'tasks.db'} is in use again"]
    assert len(ann.tasks()) == 1
    (ann.home / "connection.json").write_text("{")
    assert "the stored URL was not removed" in ann.ok("connect", "--local", "--forget").err


def test_a_lost_secret_says_the_way_out(ann: Todo, shared: str) -> None:
    for path in (ann.home / "secrets").iterdir():
        path.unlink()
    result = ann("list")
    assert (result.code, said(result)[0]) == (
        4,
        f"error: the stored URL of {place(shared)} is gone",
    )
    ann.ok("connect", "-", stdin=shared)
    ann.ok("list")


def test_this_machines_token_is_renewed_where_it_lies(ann: Todo, desk: Todo, shared: str) -> None:
    desk.ok("connect", shared, "--as", user(ann))
    expiry = desk.ok("whoami", "--json").json["expires_at"]
    secret = next((desk.home / "secrets").iterdir())
    signed = secret.read_bytes()
    desk.later(days=30)
    assert desk.ok("whoami", "--json").json["expires_at"] == expiry
    assert secret.read_bytes() == signed
    desk.later(days=31)
    assert desk.ok("whoami", "--json").json["expires_at"] > expiry
    assert secret.read_bytes() != signed


def test_a_token_that_somebody_changed_is_refused(ann: Todo, desk: Todo, shared: str) -> None:
    desk.ok("connect", shared, "--as", user(ann))
    desk.ok("list")
    secret = next((desk.home / "secrets").iterdir())
    record = json.loads(secret.read_text())
    value = json.loads(record["value"])
    value["machine"]["token"] = value["machine"]["token"][:-4] + "AAAA"
    secret.write_text(json.dumps(record | {"value": json.dumps(value)}))
    result = desk("list")
    assert result.code == 4
    assert "the token's signature is invalid" in result.err


@pytest.mark.parametrize("words", [["connect", "--local"], ["connect", "--status"], ["list"]])
def test_the_embedded_store_wakes_no_keyring(ann: Todo, words: list[str]) -> None:
    ann.ok("connect", "--local")
    script = (
        "import sys; from neontodo.app import App; from neontodo.cli.main import run;"
        f"code = run({words!r}, App.from_process());"
        "sys.exit(code or 'keyring' in sys.modules)"
    )
    env = dict(os.environ) | ann.environment  # noqa: TID251
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True)
    assert done.returncode == 0, done


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="platform: Windows has no pseudo-terminals")
def test_a_terminal_does_not_show_what_is_pasted(local: Todo, shared: str) -> None:
    import pty

    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "neontodo", "connect", "-"]
    env = dict(os.environ) | local.environment  # noqa: TID251
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env=env
    ) as run:
        os.close(terminal)
        shown = _read(controller, until=b"not be shown): ")
        os.write(controller, f"{shared}\n".encode())
        shown += _read(controller, until=b"connected to")
        assert run.wait() == 0
    os.close(controller)
    password = re.findall(r":([^:@/]*)@", shared)[0]
    assert password not in shown.decode()


def _read(controller: int, until: bytes) -> bytes:
    shown = b""
    while until not in shown:
        shown += os.read(controller, 4096)
    return shown
