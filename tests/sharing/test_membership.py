"""`todo member` and `todo join`: in by an invitation, once, and what is said along the way."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from neontodo.accounts.sharing.invitation import decode_invitation
from tests.cli.connections import Hasty
from tests.harness import Result, Todo
from tests.sharing.people import NOTICE, OWNER, Shared, connection_url, target_of

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SPENT = (
    "error: the invitation was used already, was withdrawn, or has expired\n"
    "hint: ask the person who sent it for another one\n"
)
NOT_THE_OWNER = (
    "error: only the owner of this database can manage its members\n"
    "hint: ask the person who invited you\n"
)


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


@pytest.mark.any_server
def test_add_prints_the_invitation_and_nothing_else_on_stdout(shared: Shared) -> None:
    found = shared.owner("member", "add", "ann@example.com", "--name", "Ann")
    assert found.code == 0
    assert re.fullmatch(r"todo-invite:v1:[\w-]+\n", found.out)
    assert re.fullmatch(
        r"added ann@example\.com; the invitation is not shown again, works once, until "
        r"\d{4}-\d\d-\d\d\n"
        "hint: send it privately; they accept it with `todo join`\n"
        r"warning: members can connect to other databases of this server: .*\n"
        "hint: `REVOKE CONNECT ON DATABASE … FROM PUBLIC` closes one, also to other programs' "
        "roles; `todo doctor` names them again\n",
        found.err,
    )


@pytest.mark.any_server
def test_add_with_json(shared: Shared) -> None:
    found = shared.owner.ok("member", "add", "ann@example.com", "--name", "Ann", "--json").json
    assert list(found) == ["user_id", "email", "name", "role", "invitation", "expires_at"]
    assert (found["email"], found["name"]) == ("ann@example.com", "Ann")
    assert decode_invitation(found["invitation"]).machine_key.user_id == found["user_id"]
    assert f"//{found['role']}:" in decode_invitation(found["invitation"]).url


@pytest.mark.any_server
def test_join_says_where_one_is_now(shared: Shared) -> None:
    ann = shared.machine("ann")
    found = ann("join", stdin=shared.invite("ann@example.com", "--name", "Ann"))
    target = target_of(ann)
    assert (found.code, found.out) == (0, "")
    assert found.err == (
        f"{NOTICE}`{ann.home}/secrets`, in files that only you can read\n"
        f"joined postgresql://{target.user}@127.0.0.1:{target.port}/{shared.database} as Ann\n"
    )


@pytest.mark.any_server
def test_join_takes_the_line_as_an_argument_or_at_a_prompt(shared: Shared) -> None:
    first, second = shared.machine("first"), shared.machine("second")
    assert first("join", shared.invite("ann@example.com").strip()).code == 0
    found = second("join", stdin=shared.invite("bob@example.com"), terminal=True)
    assert found.code == 0
    assert "invitation (it will not be shown): " in found.err


@pytest.mark.any_server
def test_an_invitation_broken_into_lines_is_whole(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    broken = "\r\n  ".join(line[at : at + 60] for at in range(0, len(line), 60))
    assert shared.machine("ann")("join", stdin=broken).code == 0


@pytest.mark.any_server
def test_the_embedded_store_stays_and_its_tasks_are_mentioned(shared: Shared) -> None:
    ann = shared.machine("ann")
    ann.ok("add", "at home")
    found = ann.ok("join", stdin=shared.invite("ann@example.com"))
    assert found.err.endswith("`todo connect --move` moves them to the database\n")
    assert ann.tasks() == []
    ann.ok("connect", "--local")
    assert [task["title"] for task in ann.tasks()] == ["at home"]
    ann.ok("connect")
    assert ann.tasks() == []


def test_an_invitation_works_once(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    shared.joined("ann", line).ok("add", "ann's")
    thief = shared.machine("thief")("join", stdin=line)
    assert (thief.code, thief.out, thief.err) == (4, "", SPENT)
    assert not (shared.homes / "thief" / "connection.json").exists()


def test_joining_again_on_the_same_machine_changes_nothing(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    ann = shared.joined("ann", line)
    before = connection_url(ann)
    ann.ok("join", stdin=line)
    assert connection_url(ann) == before


def test_a_join_that_was_cut_off_can_be_repeated(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    ann = shared.joined("ann", line)
    (ann.home / "connection.json").unlink()
    ann.ok("join", stdin=line)
    ann.ok("add", "after all")


def test_an_invitation_of_a_removed_member_is_refused(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    shared.owner.ok("member", "remove", "ann@example.com", "--yes")
    found = shared.machine("ann")("join", stdin=line)
    assert (found.code, found.err) == (4, SPENT)


@pytest.mark.any_server
def test_what_is_no_invitation_is_refused_and_not_repeated(shared: Shared) -> None:
    line = shared.invite("ann@example.com").strip()
    ann = shared.machine("ann")
    for garbled, what in (
        ("", "this is not an invitation"),
        ("hello", "this is not an invitation"),
        (shared.owner.env["TODO_DATABASE_URL"], "this is not an invitation"),
        (line[:-1], "the invitation is damaged"),
        (line[:40] + line[41:], "the invitation is damaged"),
        (
            line[:60] + "A" + line[61:] if line[60] != "A" else line[:-2],
            "the invitation is damaged",
        ),
        ("todo-invite:v1:", "the invitation is damaged"),
        (line + "A" * 9000, "the invitation is damaged"),
        (line.replace("v1", "v2"), "the invitation is of another version of todo"),
    ):
        found = ann("join", stdin=garbled)
        assert (found.code, found.out) == (2, "")
        assert found.err.splitlines()[0] == f"error: {what}"
        assert garbled == "" or garbled not in found.err
    assert ann("join", stdin=line).code == 0


@pytest.mark.any_server
def test_another_connection_is_not_given_up_in_silence(shared: Shared) -> None:
    ann = shared.member("ann")
    here = connection_url(ann)
    other = shared.invite("other@example.com")
    found = ann("join", stdin=other)
    assert found.code == 2
    assert found.err.endswith("hint: pass `--yes`\n")
    assert connection_url(ann) == here
    ann.ok("join", "--yes", stdin=other)
    assert connection_url(ann) != here


@pytest.mark.any_server
def test_nothing_secret_is_ever_shown(shared: Shared) -> None:
    line = shared.invite("ann@example.com")
    ann = shared.machine("ann")
    secrets = [line.strip(), decode_invitation(line).url.split(":")[2].split("@")[0]]
    said = [ann("join", stdin=line), ann("join", stdin=line), shared.machine("x")("join", line)]
    secrets.append(str(target_of(ann).password))
    said += [ann(*command) for command in (["config"], ["config", "--json"], ["whoami"], ["list"])]
    said += [ann("connect", "--status"), ann("member", "list"), shared.owner("member", "list")]
    shared.owner.ok("member", "remove", "ann@example.com", "--yes")
    said += [ann("list"), ann("add", "x"), ann("join", stdin=line)]
    for result in said:
        assert not [secret for secret in secrets if secret in result.out + result.err]


@pytest.mark.any_server
def test_list_shows_who_has_how_many_tasks(shared: Shared) -> None:
    assert shared.owner.ok("member", "list").out == ""
    shared.member("ann", "--name", "Ann").ok("add", "-", stdin="1\n2\n3\n")
    shared.owner.later(days=1)
    shared.invite("bob@example.com")
    lines = shared.owner.ok("member", "list").out
    assert re.fullmatch(
        rf"{UUID}\tann@example.com\tAnn\ttodo_m_[0-9a-f]{{12}}\t2026-11-20T12:00:00Z\t3\t\n"
        rf"{UUID}\tbob@example.com\t\ttodo_m_[0-9a-f]{{12}}\t2026-11-21T12:00:00Z\t0\t"
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n",
        lines,
    )
    found = shared.owner.ok("member", "list", "--json").json
    names = ["user_id", "email", "name", "role", "since", "tasks", "joined", "expires_at"]
    assert list(found[0]) == names
    assert [each.pop("joined") for each in found] == [True, False]
    assert [[str(value or "") for value in each.values()] for each in found] == [
        [row[0], row[1], row[2], row[3], row[4], row[5].replace("0", ""), row[6]]
        for row in shared.owner.ok("member", "list").rows
    ]


@pytest.mark.any_server
def test_list_on_terminals_of_any_width(shared: Shared) -> None:
    shared.member("ann", "--name", "Ann").ok("add", "1")
    role = shared.owner.ok("member", "list", "--json").json[0]["role"]
    wide = shared.owner.ok("member", "list", terminal=True, width=80).out
    assert wide == (
        "member           name  tasks  since       role\n"
        "─────────────────────────────────────────────────────────────\n"
        f"ann@example.com  Ann       1  2026-11-20  {role}\n"
    )
    assert shared.owner.ok("member", "list", terminal=True, width=40).out == (
        "member           name  tasks  since\n"
        "────────────────────────────────────────\n"
        "ann@example.com  Ann       1  2026-11-20\n"
    )
    assert shared.owner.ok("member", "list", terminal=True, width=20).out == (
        "member         tasks\n────────────────────\nann@example.…      1\n"
    )


@pytest.mark.any_server
def test_nobody_on_the_list_yet(shared: Shared) -> None:
    found = shared.owner("member", "list", terminal=True)
    assert (found.code, found.out) == (0, "")
    assert found.err == (
        "nobody shares this database with you\nhint: `todo member add EMAIL` invites somebody\n"
    )


@pytest.mark.any_server
def test_an_address_that_is_a_user_already_is_refused(shared: Shared) -> None:
    shared.invite("ann@example.com")
    user_id = shared.ids()["ann"]
    found = shared.owner("member", "add", "Ann@Example.com")
    assert (found.code, found.out) == (1, "")
    assert found.err == (
        "error: `Ann@Example.com` is a user of this database already\n"
        f"hint: `todo member add Ann@Example.com --subject {user_id}` makes them another login\n"
    )


def test_a_second_machine_of_a_member_is_the_same_user(shared: Shared) -> None:
    laptop = shared.member("ann")
    laptop.ok("add", "from the laptop")
    again = shared.invite("ann@example.com", "--subject", shared.ids()["ann"])
    desktop = shared.joined("desktop", again)
    desktop.ok("add", "from the desktop")
    assert laptop.tasks() == desktop.tasks()
    assert len(laptop.tasks()) == 2
    assert target_of(laptop).user != target_of(desktop).user


@pytest.mark.any_server
def test_subject_is_the_user_id_of_an_issuers_account(shared: Shared) -> None:
    user_id = "https://example.eu.auth0.com/#auth0|5f7c8ec7c33c6c004bbafe82"
    ann = shared.joined("ann", shared.invite("ann@example.com", "--subject", user_id))
    ann.ok("add", "hers")
    assert shared.ids() == {"ann": user_id}


@pytest.mark.any_server
def test_a_plain_sub_is_nobodys_user_id(shared: Shared) -> None:
    for subject in ("auth0|5f7c8ec7c33c6c004bbafe82", "#1", "https://a.example#"):
        found = shared.owner("member", "add", "ann@example.com", "--subject", subject)
        assert (found.code, found.out) == (2, "")
        assert found.err == (
            f"error: `{subject}` is neither a user of this database nor the id of an issuer's"
            " account\n"
            "hint: a signed-in person sees theirs in `todo whoami`, such as"
            " `https://app.example.com#…`; `todo member list` shows those of members\n"
        )


def test_a_member_from_before_issuers_counted_becomes_the_account(shared: Shared) -> None:
    """Their login and tasks go over; a machine that did not sign in takes the new invitation."""
    qualified = "https://app.example.com#sub-1"
    shared.server.execute(
        "INSERT INTO users (id, email, last_number, last_seq, created_at, updated_at)"
        " VALUES ('sub-1', 'ann@example.com', 0, 0, now(), now())",
        database=shared.database,
    )
    ann = shared.joined("ann", shared.invite("ann@example.com", "--subject", "sub-1"))
    ann.ok("add", "hers")
    other = shared.owner("member", "add", "bob@example.com", "--subject", qualified)
    assert (other.code, shared.ids()) == (0, {"ann": "sub-1", "bob": qualified})
    shared.owner.ok("member", "remove", "bob@example.com", "--yes")

    elsewhere = "https://other.example.com#sub-1"
    line = shared.invite("Ann@example.com", "--subject", elsewhere)
    assert {each["user_id"] for each in shared.owner.ok("member", "list", "--json").json} == {
        elsewhere
    }
    found = ann("list")
    assert (found.code, found.out) == (4, "")
    again = shared.joined("again", line)
    assert [task["title"] for task in again.tasks()] == ["hers"]


@pytest.mark.any_server
def test_nobody_is_given_another_users_tasks(shared: Shared) -> None:
    shared.invite("carl@example.com")
    carl, owner = shared.ids()["carl"], str(shared.owner.ok("whoami", "--json").json["user"])
    for taken in (carl, owner):
        found = shared.owner("member", "add", "dora@example.com", "--subject", taken)
        assert (found.code, found.out) == (1, "")
        assert found.err.startswith(
            "error: `--subject` is the id of another user than `dora@example.com`: "
        )
    assert list(shared.ids()) == ["carl"]


@pytest.mark.any_server
def test_an_account_that_told_no_address_is_known_by_the_invitations(shared: Shared) -> None:
    shared.server.execute(
        "INSERT INTO users (id, last_number, last_seq, created_at, updated_at)"
        " VALUES ('sub-1', 0, 0, now(), now())",
        database=shared.database,
    )
    shared.invite("ann@example.com", "--subject", "sub-1")
    assert shared.ids() == {"ann": "sub-1"}
    shared.invite("Ann@example.com", "--subject", "sub-1")
    assert shared.owner("member", "add", "bob@example.com", "--subject", "sub-1").code == 1


@pytest.mark.any_server
def test_a_revoked_key_manages_no_members(shared: Shared) -> None:
    shared.invite("ann@example.com")
    shared.server.execute("UPDATE keys SET revoked_at = now()", database=shared.database)
    for command in (
        ["member", "add", "bob@example.com"],
        ["member", "remove", "ann@example.com", "--yes"],
    ):
        assert shared.owner(*command) == Result(
            4,
            "",
            "error: the store does not know your key, or has revoked it\n"
            "hint: run `todo connect`\n",
        )
    assert list(shared.ids()) == ["ann"]


@pytest.mark.any_server
def test_bad_addresses_and_subjects(shared: Shared) -> None:
    for email in ("ann", "@example.com", "ann@", "a b@example.com", "a\x1b@example.com"):
        found = shared.owner("member", "add", email)
        assert (found.code, found.out) == (2, "")
        assert found.err.startswith("error: `")
    assert shared.owner("member", "add", f"{'a' * 400}@b").code == 2
    for subject in ("", "a\nb", "https://a#" + "x" * 503):
        assert shared.owner("member", "add", "a@b", "--subject", subject).code == 2
    assert shared.owner.ok("member", "list").out == ""


@pytest.mark.any_server
def test_a_certificate_of_ones_own_is_given_along(
    shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = shared.server.ca_file
    shared.owner.env["TODO_DATABASE_URL"] += f"?sslmode=verify-full&sslrootcert={authority}"
    found = shared.owner.ok("member", "add", "ann@example.com")
    assert found.err.endswith(
        f"hint: give them the certificate {authority} too: to join, they need it as"
        " `~/.postgresql/root.crt`\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    ann = Hasty(tmp_path / "ann")
    refused = ann("join", stdin=found.out)
    assert refused.code == 5
    assert refused.err.endswith(
        "hint: if the server's authority is the sender's own, ask them for its certificate, and"
        " put it in `~/.postgresql/root.crt`\n"
    )
    (tmp_path / ".postgresql").mkdir()
    shutil.copy(authority, tmp_path / ".postgresql" / "root.crt")
    ann.ok("join", stdin=found.out)
    ann.ok("add", "hers")


def test_a_member_cannot_manage_members(shared: Shared) -> None:
    ann = shared.member("ann")
    for command in (["list"], ["add", "x@example.com"], ["remove", "ann@example.com", "--yes"]):
        found = ann("member", *command)
        assert (found.code, found.out, found.err) == (4, "", NOT_THE_OWNER)


def test_the_embedded_store_cannot_be_shared(tmp_path: Path) -> None:
    local = Todo(tmp_path)
    local.ok("add", "mine")
    for command in (["list"], ["add", "x@example.com"], ["remove", "x@example.com"]):
        found = local("member", *command)
        assert (found.code, found.out) == (1, "")
        assert found.err == (
            "error: the embedded store is yours alone: only a Postgres database can be shared\n"
            "hint: `todo connect` uses one\n"
        )


@pytest.mark.any_server
def test_a_token_of_another_user_is_not_accepted_on_a_members_connection(shared: Shared) -> None:
    shared.owner.ok("add", "owner's")
    token = json.loads(shared.owner.ok("token", "create", "--name", "ci", "--json").out)["token"]
    ann = shared.member("ann")
    ann.ok("add", "hers")
    for command in (["list"], ["add", "x"], ["done", "1"], ["export"], ["log"]):
        found = ann(*command, env={"TODO_TOKEN": token})
        assert (found.code, found.out) == (4, "")


@pytest.mark.any_server
def test_a_member_sees_and_revokes_keys_of_their_own_only(shared: Shared) -> None:
    ann, bob = shared.member("ann"), shared.member("bob")
    phone = shared.joined(
        "phone", shared.invite("ann@example.com", "--subject", shared.ids()["ann"])
    )
    keys = phone.ok("token", "list", "--json").json
    assert {key["name"] for key in keys} == {"ann@example.com", "ann@example.com (2)"}
    theirs = bob.ok("token", "list", "--json").json[0]["id"]
    assert ann("token", "revoke", "--yes", "--", theirs).code != 0
    assert ann("token", "create", "--name", "ci") == Result(
        4,
        "",
        "error: members of a shared database cannot create tokens\n"
        "hint: for a script elsewhere, ask the owner for an invitation of its own: `todo join`\n",
    )
    lost = next(key["id"] for key in keys if not key["in_use"])
    assert phone.ok("token", "revoke", "--yes", "--", lost).err == (
        "revoked `ann@example.com`: that machine can no longer change anything\n"
        "hint: it can still read with the database's password: change that too\n"
    )
    assert ann("add", "x").code == 4
    phone.ok("add", "x")
    bob.ok("add", "x")


def test_an_owner_who_may_not_create_roles_is_told_so(shared: Shared) -> None:
    role = f"plain_{shared.database}"
    shared.server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x' IN ROLE {OWNER}")
    shared.owner.env["TODO_DATABASE_URL"] = shared.server.url(shared.database, role, "x")
    found = shared.owner("member", "add", "ann@example.com")
    assert found.code == 1
    assert found.err.startswith("error: your login role may not create roles\n")


def test_a_database_that_would_not_keep_members_apart_is_not_shared(shared: Shared) -> None:
    for statement, undo, what in (
        (
            "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY",
            "row level security is switched off",
        ),
        (
            "ALTER SCHEMA public OWNER TO postgres; GRANT CREATE ON SCHEMA public TO PUBLIC",
            "ALTER SCHEMA public OWNER TO pg_database_owner",
            "they could create objects in the schema of the tables",
        ),
    ):
        shared.server.execute(statement, database=shared.database)
        found = shared.owner("member", "add", "ann@example.com")
        assert (found.code, found.out) == (1, "")
        assert found.err.splitlines()[:2] == [
            "error: this database cannot be shared safely yet",
            f"  members: {what}",
        ]
        shared.server.execute(undo, database=shared.database)
    assert shared.owner.ok("member", "list").out == ""
    shared.invite("ann@example.com")


def test_a_shared_database_is_not_downgraded_under_its_members(shared: Shared) -> None:
    shared.invite("ann@example.com")
    for revision in ("0001", "base"):
        found = shared.owner("db", "downgrade", revision, "--yes")
        assert found.code == 1
        assert found.err.startswith("error: the database is shared: with the earlier schema its")
    shared.owner.ok("member", "remove", "ann@example.com", "--yes")
    shared.owner.ok("db", "downgrade", "base", "--yes")
