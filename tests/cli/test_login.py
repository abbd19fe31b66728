"""`todo login`, `logout`, `whoami` and `profiles`, against a real Better Auth server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from neontodo.accounts import account_file, queries
from neontodo.accounts.issuers.better_auth import IssuerSession
from neontodo.accounts.secrets.named_secrets import NamedSecrets
from neontodo.clock import utc_now
from tests.accounts import odd_server
from tests.accounts.better_auth_server import PASSWORD, AuthServer, AuthServers, Person
from tests.accounts.odd_server import OddServer
from tests.agent import terminals
from tests.agent.machine import LAST_RESORT, machine, until
from tests.databases import Postgres
from tests.harness import Result, Todo
from tests.sharing.people import app_of


@pytest.fixture
def todo(database_url: str, tmp_path: Path) -> Todo:
    """A person with a store of their own on each engine, whose clock is a real server's."""
    person = Todo(tmp_path / "home", {"TODO_DATABASE_URL": database_url}, utc_now())
    person.ok("db", "upgrade")
    return person


@pytest.fixture
def local(tmp_path: Path) -> Todo:
    """A person on the embedded store, which does not exist yet."""
    return Todo(tmp_path / "home", now=utc_now())


@pytest.fixture
def empty(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)


@pytest.fixture
def ann(auth_server: AuthServer) -> Person:
    return auth_server.person("Ann")


@pytest.fixture
def bob(auth_server: AuthServer) -> Person:
    return auth_server.person("Bob")


@pytest.fixture
def brisk_ann(auth_servers: AuthServers) -> Iterator[Person]:
    """Ann at a server that is asked each second whether a code is approved."""
    yield auth_servers["brisk"].person("Ann")
    auth_servers["brisk"].switch("up")


def log_in(todo: Todo, person: Person, *options: str, **more: Any) -> Result:
    """Sign in by e-mail address and password."""
    return todo(
        "login", person.server.url, "--email", person.email, *options, stdin=PASSWORD, **more
    )


def token_of(person: Person) -> str:
    """A token that the server gives this person."""
    answer, _ = person.server.ask(
        "GET", f"{person.server.url}/token", None, {"cookie": person.cookie}
    )
    return str(answer["token"])


def stored_session(todo: Todo) -> IssuerSession:
    """The session of whoever is signed in."""
    found = account_file.load_account(todo.home)
    assert found is not None
    return account_file.load_issuer_session(NamedSecrets(todo.home, print), found.issuer)


def titles(todo: Todo, *options: str) -> list[str]:
    return [row[-1] for row in todo.ok("list", *options).rows]


def titles_with(todo: Todo, token: str) -> list[str]:
    return [row[-1] for row in todo.ok("list", env={"TODO_TOKEN": token}).rows]


def files(todo: Todo) -> set[str]:
    """Return the names of the files that are there, but for what SQLite keeps beside a store."""
    names = {path.name for path in todo.home.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith("tasks.db-")}


def test_by_password(todo: Todo, ann: Person) -> None:
    todo.ok("add", "of this machine's own user")
    said = log_in(todo, ann)
    assert (said.code, said.out) == (0, "")
    assert said.err.splitlines()[1] == f"signed in as {ann.email} at {ann.server.url}"
    assert todo.ok("list").out == ""
    todo.ok("add", "Ann's")
    assert titles(todo) == ["Ann's"]
    found = todo.ok("whoami", "--json").json
    assert found["name"] == "Ann"
    assert found["email"] == ann.email
    assert found["issuer"] == ann.server.origin
    assert found["accepted"] is True


LEFT = (
    "hint: `todo login` signs in again; `todo logout --forget` goes back to this machine's own "
    "user\n"
)


def test_signing_out_ends_the_session_and_keeps_no_secret(todo: Todo, ann: Person) -> None:
    todo.ok("add", "of this machine's own user")
    before = files(todo)
    log_in(todo, ann)
    secret = next((todo.home / "secrets").iterdir())
    session = json.loads(json.loads(secret.read_text())["value"])["token"]
    assert todo("logout") == Result(0, "", f"signed out of {ann.server.url}\n{LEFT}")
    assert files(todo) == before | {"account.json"}
    assert session not in (todo.home / "account.json").read_text()
    bearer = {"authorization": f"Bearer {session}"}
    with pytest.raises(AssertionError, match="UNAUTHORIZED"):
        ann.server.ask("GET", f"{ann.server.url}/token", None, bearer)
    assert todo("logout") == Result(0, "", f"you are not signed in anywhere\n{LEFT}")


def test_nobody_takes_the_place_of_who_has_signed_out(todo: Todo, ann: Person, empty: str) -> None:
    todo.ok("add", "of this machine's own user")
    log_in(todo, ann)
    todo.ok("add", "Ann's")
    log = todo.ok("log").out
    todo.ok("logout")
    for argv in (
        ["list"], ["add", "x"], ["show", "1"], ["done", "1"], ["search", "x"], ["undo"], ["log"],
        ["export"], ["whoami"], ["token", "list"], ["connect", empty, "--upgrade"],
    ):  # fmt: skip
        said = todo(*argv)
        assert (said.code, said.out) == (4, ""), argv
        assert said.err == f"error: {ann.email} has signed out\n{LEFT}", argv
    doctor = todo("doctor")
    assert doctor.code == 4
    assert f"token\tfailed\t\t{ann.email} has signed out" in doctor.out
    assert todo.ok("profiles").rows[0][1:4] == ["true", "", ann.server.url]

    todo.ok("login", "--email", ann.email, stdin=PASSWORD)
    assert titles(todo) == ["Ann's"]
    assert todo.ok("log").out == log
    todo.ok("undo")
    assert titles(todo) == []


def test_forgetting_gives_the_machines_own_user_back(todo: Todo, ann: Person) -> None:
    todo.ok("add", "of this machine's own user")
    before = files(todo)
    log_in(todo, ann)
    todo.ok("add", "Ann's")
    todo.ok("logout")
    said = todo.ok("logout", "--forget")
    assert said.err.splitlines()[0] == "you are not signed in anywhere"
    assert said.err.splitlines()[1].startswith(f"notice: the tasks of {ann.email} stay in ")
    assert files(todo) == before
    assert titles(todo) == ["of this machine's own user"]
    log_in(todo, ann)
    assert f"notice: the tasks of {ann.email} stay in " in todo.ok("logout", "--forget").err
    assert titles(todo) == ["of this machine's own user"]
    assert todo("logout", "--forget") == Result(0, "", "you are not signed in anywhere\n")


def test_a_script_with_a_token_does_not_mind_that_somebody_signed_out(
    todo: Todo, ann: Person
) -> None:
    todo.ok("add", "of this machine's own user")
    own = todo.ok("token", "create", "--name", "ci").out.strip()
    log_in(todo, ann)
    todo.ok("add", "Ann's")
    todo.ok("logout")
    assert titles_with(todo, own) == ["of this machine's own user"]
    assert titles_with(todo, token_of(ann)) == ["Ann's"]
    todo.ok("add", "from CI", env={"TODO_TOKEN": token_of(ann)})


def test_signing_in_that_fails_leaves_one_signed_out(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    local.ok("logout")
    assert local("login", ann.server.url, "--email", ann.email, stdin="wrong\n").code == 4
    assert local("list").err == f"error: {ann.email} has signed out\n{LEFT}"
    (local.home / "jwks.json").mkdir()
    assert log_in(local, ann).code == 5
    assert local("list").err == f"error: {ann.email} has signed out\n{LEFT}"


def test_signing_out_of_a_server_that_is_away_forgets_and_says_so(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    ann.server.switch("down")
    said = local("logout")
    assert said.code == 5
    assert said.err.startswith(
        f"signed out of {ann.server.url}\n{LEFT}error: the session could not be"
    )
    assert local("list").code == 4


def test_a_wrong_password_is_4_and_stores_nothing(local: Todo, ann: Person) -> None:
    said = local("login", ann.server.url, "--email", ann.email, stdin="wrong\n")
    assert said.code == 4
    assert "wrong" not in said.err
    assert not local.home.exists()


@pytest.mark.parametrize("typed", ["", "\n"])
def test_an_empty_password_is_not_sent(local: Todo, typed: str) -> None:
    with OddServer({}) as server:
        said = local("login", server.origin, "--email", "zoe@example.org", stdin=typed)
    assert said.err.startswith("error: the password is empty\n")
    assert (said.code, server.asked) == (2, [])


@pytest.mark.parametrize("terminal", [False, True])
def test_an_empty_address_is_refused(local: Todo, terminal: bool) -> None:
    with OddServer({}) as server:
        said = local(
            "login", server.origin, "--email", "", stdin=f"{PASSWORD}\n", terminal=terminal
        )
    assert said.err.startswith("error: the value of `--email` is empty\n")
    assert (said.code, server.asked) == (2, [])


@dataclass(frozen=True)
class Typing:
    """A command that waits for a person on a terminal, and both ends of that."""

    process: subprocess.Popen[bytes]
    reader: terminals.Reader
    screen: int
    side: int

    @property
    def is_waiting(self) -> bool:
        state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        return state.split()[0] == "S"

    @property
    def is_shown(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self.side)[3] & termios.ECHO)

    def show(self) -> None:
        """Do as a shell, to which the terminal belongs again."""
        modes = termios.tcgetattr(self.side)
        modes[3] |= termios.ECHO
        termios.tcsetattr(self.side, termios.TCSANOW, modes)


@contextmanager
def typing(home: Path, person: Person, screen_of_errors: bool) -> Iterator[Typing]:
    """A `todo login` on a terminal that asks for a password, which somebody begins to type."""
    with machine(home) as desk, terminals.terminal(80) as (screen, side):
        errors = home.with_name("errors").open("wb")
        process = desk.popen(
            *("login", person.server.url, "--email", person.email),
            stdin=side,
            stdout=side,
            stderr=side if screen_of_errors else errors,
            preexec_fn=terminals.take,
            agent=False,
        )
        errors.close()
        reader = terminals.Reader(screen)
        try:
            until(lambda: b"not be shown): " in reader.data)
            yield Typing(process, reader, screen, side)
            process.wait(LAST_RESORT)
        finally:
            process.kill()
            process.wait()
            os.close(side)
            reader.join()


def test_the_password_is_asked_for_where_it_is_typed(tmp_path: Path, ann: Person) -> None:
    with typing(tmp_path / "home", ann, screen_of_errors=False) as desk:
        assert not desk.is_shown
        os.write(desk.screen, f"{PASSWORD}\n".encode())
    assert (desk.process.returncode, (tmp_path / "errors").read_text().splitlines()[-1:]) == (
        0,
        [f"signed in as {ann.email} at {ann.server.url}"],
    )
    assert PASSWORD.encode() not in desk.reader.data


def test_after_a_stop_the_password_is_as_little_shown(tmp_path: Path, ann: Person) -> None:
    with typing(tmp_path / "home", ann, screen_of_errors=True) as desk:
        until(lambda: desk.is_waiting)
        desk.process.send_signal(signal.SIGSTOP)
        desk.show()
        desk.process.send_signal(signal.SIGCONT)
        until(lambda: desk.reader.data.count(b"not be shown): ") == 2)
        assert not desk.is_shown
        os.write(desk.screen, f"{PASSWORD}\n".encode())
    assert desk.process.returncode == 0
    assert PASSWORD.encode() not in desk.reader.data


def test_neon_auth_asks_for_the_address(auth_servers: AuthServers, local: Todo) -> None:
    zoe = auth_servers["neon"].person("Zoë")
    keys = {"TODO_AUTH_JWKS_URL": f"{zoe.server.url}/.well-known/jwks.json"}
    assert log_in(local, zoe, env=keys).code == 0
    assert local.ok("whoami", "--json").json["name"] == "Zoë"


@pytest.mark.parametrize("variable", ["BETTER_AUTH_URL", "NEON_AUTH_BASE_URL"])
def test_the_address_may_be_in_a_file(local: Todo, ann: Person, variable: str) -> None:
    local.home.mkdir()
    (local.home / ".env").write_text(f'{variable}="{ann.server.origin}/api/auth"\nA=b\n')
    said = local("login", "--env-file", ".env", "--email", ann.email, stdin=PASSWORD)
    assert (said.code, said.err.splitlines()[1]) == (
        0,
        f"signed in as {ann.email} at {ann.server.url}",
    )


def test_a_file_that_names_no_address_is_refused(local: Todo) -> None:
    local.home.mkdir()
    (local.home / ".env").write_text("DATABASE_URL=postgresql://x\n")
    assert local("login", "--env-file", ".env") == Result(
        2,
        "",
        "error: `.env` has no sign-in address\n"
        "hint: looked for BETTER_AUTH_URL, NEON_AUTH_BASE_URL\n",
    )


def test_without_an_address_the_next_step_is_named(local: Todo) -> None:
    assert local("login") == Result(
        2,
        "",
        "error: no sign-in address is set\n"
        "hint: `todo login https://app.example.com/api/auth` names your own\n",
    )


def test_by_a_token_from_standard_input(todo: Todo, ann: Person) -> None:
    token = token_of(ann)
    said = todo("login", ann.server.url, "--token", "-", stdin=f"{token}\n")
    assert said.code == 0
    todo.ok("add", "Ann's")
    assert titles(todo) == ["Ann's"]
    assert token not in said.err + todo.ok("whoami").out


def test_a_token_among_the_arguments_is_refused(local: Todo, ann: Person) -> None:
    token = token_of(ann)
    said = local("login", ann.server.url, "--token", token)
    assert said.code == 2
    assert token not in said.err


def test_ci_needs_a_token_and_an_address(todo: Todo, ann: Person, tmp_path: Path) -> None:
    script = Todo(
        tmp_path / "ci",
        todo.env | {"TODO_TOKEN": token_of(ann), "TODO_AUTH_URL": ann.server.url},
        todo.now,
    )
    script.ok("add", "from CI")
    assert titles(script) == ["from CI"]
    assert script.ok("whoami", "--json").json["email"] == ann.email
    log_in(todo, ann)
    assert titles(todo) == ["from CI"]


def test_what_a_variable_supplies_is_not_overwritten(local: Todo, ann: Person) -> None:
    said = log_in(local, ann, env={"TODO_TOKEN": token_of(ann)})
    assert said == Result(
        1,
        "",
        "error: TODO_TOKEN supplies the token already\n"
        "hint: unset it, then run the command again\n",
    )
    assert not local.home.exists()


def test_an_unknown_issuers_token_is_4(todo: Todo, ann: Person) -> None:
    said = todo("list", env={"TODO_TOKEN": token_of(ann)})
    assert (said.code, said.out) == (4, "")
    assert "set `auth_url`" in said.err


def test_a_session_that_has_ended_is_4_and_says_how_to_go_on(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    ann.server.switch("end-sessions")
    local.later(minutes=17)
    said = local("list")
    assert (said.code, said.out) == (4, "")
    assert said.err.splitlines()[1] == "hint: sign in again with `todo login`"


def test_a_machine_stays_the_same_when_tokens_are_renewed(todo: Todo, ann: Person) -> None:
    log_in(todo, ann)
    todo.ok("add", "x")
    todo.later(minutes=14.5)
    todo.ok("done", "@last")
    log_in(todo, ann)
    todo.ok("undo")
    assert todo.ok("show", "@last", "--json").json["completed"] is False


@pytest.mark.parametrize("argv", ["login", "logout"])
def test_a_damaged_account_can_be_left(local: Todo, ann: Person, argv: str) -> None:
    log_in(local, ann)
    (local.home / "account.json").write_text("{")
    assert local("list").code == 4
    if argv == "login":
        assert log_in(local, ann).code == 0
    else:
        assert local("logout").code == 0
        assert local("list").code == 4
        assert local("logout", "--forget").code == 0
        assert "account.json" not in files(local)
    assert local("list").code == 0


LOST: dict[str, tuple[str, Callable[[Path], object]]] = {
    "account-gone": ("account.json", Path.unlink),
    "account-damaged": ("account.json", lambda path: path.write_text("{")),
    "account-open": ("account.json", lambda path: path.chmod(0o644)),
    "secret-open": ("secrets/*.json", lambda path: path.chmod(0o644)),
}


@pytest.mark.parametrize("lost", LOST)
def test_signing_out_ends_the_session_whatever_became_of_the_files(
    local: Todo, ann: Person, lost: str
) -> None:
    local.ok("list")
    before = files(local)
    log_in(local, ann)
    session = stored_session(local)
    pattern, change = LOST[lost]
    for path in local.home.glob(pattern):
        change(path)
    assert f"signed out of {ann.server.url}\n" in local.ok("logout").err
    assert (local("list").code == 4) is (lost != "account-gone")
    local.ok("logout", "--forget")
    assert files(local) == before
    with pytest.raises(AssertionError, match="UNAUTHORIZED"):
        ann.server.ask("GET", f"{ann.server.url}/token", None, dict(session.headers))


def test_an_open_secret_of_a_lost_account_is_ended_too(local: Todo, ann: Person) -> None:
    local.ok("list")
    before = files(local)
    log_in(local, ann)
    (local.home / "account.json").unlink()
    for path in (local.home / "secrets").iterdir():
        path.chmod(0o644)
    assert local.ok("logout").err == f"signed out of {ann.server.url}\n"
    assert files(local) == before


def test_a_damaged_secret_is_replaced_by_signing_in(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    for path in (local.home / "secrets").iterdir():
        path.write_text("{")
    assert log_in(local, ann).code == 0
    assert local("list").code == 0


@pytest.mark.parametrize("content", ["{", None])
def test_a_session_that_cannot_be_read_is_removed_and_said_not_to_be_ended(
    local: Todo, ann: Person, content: str | None
) -> None:
    local.ok("list")
    before = files(local)
    log_in(local, ann)
    for path in (local.home / "secrets").iterdir():
        path.unlink() if content is None else path.write_text(content)
    said = local("logout")
    assert said.code == 5
    assert "error: the session could not be ended there: " in said.err
    assert files(local) == before | {"account.json"}
    assert local("list").code == 4


def test_the_session_that_is_replaced_is_ended(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    first = stored_session(local)
    log_in(local, ann)
    with pytest.raises(AssertionError, match="UNAUTHORIZED"):
        ann.server.ask("GET", f"{ann.server.url}/token", None, dict(first.headers))
    local.later(minutes=14.5)
    local.ok("list")


def test_another_issuers_token_leaves_the_accounts_keys(
    auth_servers: AuthServers, local: Todo, ann: Person
) -> None:
    log_in(local, ann)
    zoe = auth_servers["ES256"].person("Zoë")
    given = {"TODO_TOKEN": token_of(zoe), "TODO_AUTH_URL": zoe.server.url}
    assert local("list", env=given).code == 0
    ann.server.switch("down")
    assert local("list").code == 0


def test_a_session_that_cannot_be_ended_is_said(auth_servers: AuthServers, local: Todo) -> None:
    zoe = auth_servers["foreign-origin"].person("Zoë")
    token = {"TODO_AUTH_ISSUER": "http://app.example.com"}
    answer, _ = zoe.server.ask("GET", f"{zoe.server.url}/token", None, {"cookie": zoe.cookie})
    local.ok("login", zoe.server.url, "--token", "-", stdin=str(answer["token"]), env=token)
    name, _, value = zoe.cookie.partition("=")
    found = account_file.load_account(local.home)
    assert found is not None
    account_file.save_account(local.home, replace(found, method="session"))
    secrets = NamedSecrets(local.home, print)
    account_file.save_issuer_session(secrets, found.issuer, IssuerSession(value, "cookie", name))
    said = local("logout")
    assert said.code == 5
    assert "the session could not be ended there: " in said.err
    assert list((local.home / "secrets").iterdir()) == []


def test_what_the_settings_say_is_not_of_another_issuer(local: Todo, ann: Person) -> None:
    settings = {
        "TODO_AUTH_URL": "https://other.example.com/api/auth",
        "TODO_AUTH_ISSUER": "https://other.example.com",
        "TODO_AUTH_AUDIENCE": "others",
    }
    assert log_in(local, ann, env=settings).code == 0
    assert local("list", env=settings).code == 0


def test_what_the_settings_say_counts_for_who_is_signed_in_too(
    auth_servers: AuthServers, local: Todo
) -> None:
    zoe = auth_servers["other-claims"].person("Zoë")
    wanted = {"TODO_AUTH_ISSUER": "https://issuer.example", "TODO_AUTH_AUDIENCE": "todo"}
    other = {"TODO_AUTH_AUDIENCE": "others"}
    given = {"TODO_TOKEN": token_of(zoe)}
    assert log_in(local, zoe, env=wanted).code == 0
    again = ("login", "--email", zoe.email)
    assert local(*again, stdin=PASSWORD).code == 0
    assert local("list", env=given).code == 0
    for said in (local(*again, stdin=PASSWORD, env=other), local("list", env=given | other)):
        assert (said.code, "another audience" in said.err) == (4, True)


def test_an_issuer_that_is_away_matters_once_the_token_expires(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    local.ok("add", "Ann's")
    ann.server.switch("down")
    assert titles(local) == ["Ann's"]
    local.later(minutes=17)
    assert local("list").code == 5
    assert local("doctor").code == 5


def test_a_new_name_reaches_the_store(local: Todo, ann: Person) -> None:
    log_in(local, ann)
    local.ok("add", "x")
    ann.rename("Ann Marie")
    local.ok("login", ann.server.url, "--email", ann.email, stdin=PASSWORD)
    assert local.ok("whoami", "--json").json["name"] == "Ann Marie"


def test_doctor_looks_at_the_issuer(todo: Todo, ann: Person) -> None:
    log_in(todo, ann)
    found = {row[0]: row for row in todo.ok("doctor").rows}
    assert found["issuer"][1] == "ok"
    assert f"signed in as {ann.email}" in found["issuer"][-1]
    assert found["user"][1] == "ok"


@pytest.mark.parametrize("name", ["TODO_AUTH_URL", "TODO_AUTH_JWKS_URL"])
def test_doctor_goes_on_where_the_issuers_address_cannot_be_used(
    local: Todo, ann: Person, name: str
) -> None:
    log_in(local, ann)
    said = local("doctor", env={name: "foo"})
    found = {row[0]: row for row in said.rows}
    assert (said.code, found["issuer"][1], found["user"][1]) == (2, "failed", "ok")


# Profiles.


def test_two_people_by_profile_see_their_own_tasks(todo: Todo, ann: Person, bob: Person) -> None:
    log_in(todo, ann)
    log_in(todo, bob, "--profile", "work")
    todo.ok("add", "Ann's", "-t", "a")
    todo.ok("--profile", "work", "add", "Bob's", "-t", "b")
    assert titles(todo) == ["Ann's"]
    assert titles(todo, "--profile", "work") == ["Bob's"]
    assert [row[-1] for row in todo.ok("list", env={"TODO_PROFILE": "work"}).rows] == ["Bob's"]
    assert todo.ok("tags", "-q").out == "a\n"
    assert todo("undo", "--profile", "work").code == 0
    assert titles(todo) == ["Ann's"]
    assert titles(todo, "--profile", "work") == []


def test_a_profile_has_a_store_of_its_own(local: Todo, ann: Person) -> None:
    local.ok("add", "mine")
    log_in(local, ann, "--profile", "work")
    local.ok("add", "Ann's", "--profile", "work")
    assert titles(local) == ["mine"]
    assert titles(local, "--profile", "work") == ["Ann's"]
    assert (local.home / "profiles" / "work" / "tasks.db").exists()


def test_profiles_are_listed(local: Todo, ann: Person) -> None:
    local.ok("add", "mine")
    log_in(local, ann, "--profile", "work")
    own = local.ok("whoami", "--json").json["name"]
    url = ann.server.url
    assert (
        local.ok("profiles").out == f"default\ttrue\t{own}\t\t\nwork\tfalse\t{ann.email}\t{url}\t\n"
    )
    assert local.ok("profiles", "-q").out == "default\nwork\n"
    assert local.ok("profiles", "--json", "--profile", "work").json[1] == {
        "name": "work",
        "in_use": True,
        "user": ann.email,
        "issuer": url,
        "store": None,
    }
    shown = local.ok("profiles", terminal=True, width=40).out
    assert "in use" in shown
    assert max(map(len, shown.splitlines())) <= 40


@pytest.mark.parametrize(
    "argv", [["list"], ["add", "x"], ["whoami"], ["logout"], ["doctor"], ["connect", "--status"]]
)
def test_a_profile_that_is_not_there_is_refused(local: Todo, argv: list[str]) -> None:
    said = local(*argv, "--profile", "wrok")
    assert said.code == 2
    assert "there is no profile `wrok`" in said.out + said.err
    assert not local.home.exists()


@pytest.mark.parametrize("name", ["../x", "A", "a/b", "-x", "x" * 33, "a b", "."])
def test_a_name_that_is_no_folders_is_refused(local: Todo, name: str) -> None:
    said = local("list", env={"TODO_PROFILE": name})
    assert (said.code, said.err.split()[1]) == (2, "TODO_PROFILE")
    said = local("list", f"--profile={name}")
    assert (said.code, said.err.split()[1]) == (2, "--profile")
    assert not local.home.exists()


def test_an_empty_name_chooses_no_other_store(local: Todo) -> None:
    for argv in (["list", "--profile", ""], ["--profile=", "add", "x"]):
        said = local(*argv, env={"TODO_PROFILE": "work"})
        assert (said.code, said.err.splitlines()[0]) == (
            2,
            "error: the value of `--profile` is empty",
        )
    assert not local.home.exists()
    assert local("list", env={"TODO_PROFILE": ""}).code == 0


# By a code in a browser: whole processes, as the program waits meanwhile.


@contextmanager
def waiting(todo: Todo, server: AuthServer) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `todo login` that waits, and the code that it shows."""
    environment = {
        **os.environ,  # noqa: TID251
        **todo.environment,
        "TODO_AGENT": "off",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "neontodo", "login", server.url],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == f"open {server.origin}/device\n"
        shown = re.fullmatch(r"and enter the code (\w+)\n", process.stderr.readline())
        assert shown
        yield process, shown[1]
        process.kill()


def test_a_code_that_is_approved(local: Todo, brisk_ann: Person) -> None:
    with waiting(local, brisk_ann.server) as (process, code):
        brisk_ann.approve(code)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert f"signed in as {brisk_ann.email} at {brisk_ann.server.url}\n" in err
    assert local.ok("whoami", "--json").json["email"] == brisk_ann.email


BROWSER = """
import json, sys, urllib.request
code = sys.argv[1].partition("user_code=")[2]
headers = {"cookie": cookie, "origin": url.partition("/api")[0], "content-type": "application/json"}
claim = urllib.request.Request(f"{url}/device?user_code={code}", headers=headers)
urllib.request.urlopen(claim).close()
answer = json.dumps({"userCode": code}).encode()
urllib.request.urlopen(urllib.request.Request(f"{url}/device/approve", answer, headers)).close()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "answer", "is_opened", "code"),
    [("brisk", b"y\n", True, 0), ("hasty", b"\n", False, 4)],
    ids=["yes", "no"],
)
def test_a_browser_is_opened_for_who_wants_that(
    tmp_path: Path, auth_servers: AuthServers, kind: str, answer: bytes, is_opened: bool, code: int
) -> None:
    ann = auth_servers[kind].person("Ann")
    script, seen = tmp_path / "browser.py", tmp_path / "seen"
    known = f"url, cookie = {ann.server.url!r}, {ann.cookie!r}"
    script.write_text(f"open({str(seen)!r}, 'w').close()\n{known}{BROWSER}")
    with machine(tmp_path / "home") as desk:
        desk.env["BROWSER"] = shlex.join([sys.executable, str(script), "%s"])
        ended = desk.on_terminal("login", ann.server.url, keys=answer, agent=False)
    assert (ended.code, seen.exists()) == (code, is_opened), ended


DEVICE_CODE = {
    "device_code": "secret",
    "user_code": "ABCDEFGH",
    "expires_in": 1800,
    "interval": 0.01,
}


@pytest.mark.parametrize(
    ("page", "complete", "opened", "question"),
    [
        ("/device", "/device?user_code=ABCDEFGH", "{origin}/device?user_code=ABCDEFGH", "it here"),
        ("/device", "https://evil.example/device", "{origin}/device", "it here"),
        (
            "https://evil.example/localhost/device",
            "https://evil.example/localhost/device?x",
            "https://evil.example/localhost/device?x",
            "a page of evil.example here",
        ),
    ],
    ids=["with-the-code", "complete-elsewhere", "on-another-host"],
)
def test_what_is_opened_is_the_page_that_was_shown(
    tmp_path: Path, page: str, complete: str, opened: str, question: str
) -> None:
    said = odd_server.answer(
        DEVICE_CODE | {"verification_uri": page, "verification_uri_complete": complete}
    )
    denied = odd_server.answer({"error": "access_denied"}, 400)
    answers = {"/api/auth/device/code": said, "/api/auth/device/token": denied}
    script, seen = tmp_path / "browser.py", tmp_path / "seen"
    script.write_text(f"import sys; open({str(seen)!r}, 'w').write(sys.argv[1])")
    with OddServer(answers) as server, machine(tmp_path / "home") as desk:
        desk.env["BROWSER"] = shlex.join([sys.executable, str(script), "%s"])
        ended = desk.on_terminal("login", server.origin, keys=b"y\n", agent=False)
    screen = ended.out.decode()
    shown = page if page.startswith("https:") else server.origin + page
    assert f"open {shown}\r\n" in screen
    assert f"open {question} now? [y/N]" in screen
    assert ("that page is on evil.example, and you sign in at localhost" in screen) == (
        "evil" in page
    )
    assert seen.read_text() == opened.format(origin=server.origin)


@pytest.mark.slow
def test_a_code_that_is_denied_is_4(local: Todo, brisk_ann: Person) -> None:
    with waiting(local, brisk_ann.server) as (process, code):
        brisk_ann.deny(code)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 4
    assert err.startswith("error: the sign-in was denied in the browser\nhint: ")
    assert not (local.home / "account.json").exists()


def test_giving_up_is_130_and_stores_nothing(local: Todo, auth_server: AuthServer) -> None:
    with waiting(local, auth_server) as (process, _):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
    assert not (local.home / "account.json").exists()


@pytest.mark.slow
def test_a_network_that_breaks_meanwhile_is_waited_for(local: Todo, brisk_ann: Person) -> None:
    with waiting(local, brisk_ann.server) as (process, code):
        brisk_ann.server.switch("down")
        brisk_ann.server.switch("up")
        brisk_ann.approve(code)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_server_without_codes_names_the_other_way(auth_servers: AuthServers, local: Todo) -> None:
    said = local("login", auth_servers["neon"].url)
    assert said.code == 4
    assert said.err.splitlines()[1] == "hint: run the command again with `--email ADDRESS`"


# Databases that others use too.


def test_connecting_needs_no_key_once_signed_in(local: Todo, shared: str, ann: Person) -> None:
    local.ok("add", "of this machine's own user")
    log_in(local, ann)
    assert (
        local.ok("connect", shared)
        .err.splitlines()[-1]
        .endswith("`todo connect --move` moves them to the database")
    )
    local.ok("add", "in the database")
    assert titles(local) == ["in the database"]
    assert local.ok("token", "list").out == ""
    assert "you are signed in as" in local("connect", shared, "--as", "x").err


def test_a_key_from_before_is_there_again_after_signing_out(
    local: Todo, shared: str, ann: Person
) -> None:
    local.ok("connect", shared)
    local.ok("add", "of this machine's own user")
    log_in(local, ann)
    local.ok("connect")
    local.ok("add", "Ann's")
    local.ok("logout", "--forget")
    assert titles(local) == ["of this machine's own user"]


def test_the_accounts_own_tasks_go_along_too(local: Todo, shared: str, ann: Person) -> None:
    local.ok("add", "of this machine's own user")
    log_in(local, ann)
    local.ok("add", "Ann's")
    local.ok("connect", shared, "--move")
    assert titles(local, "--sort", "number") == ["Ann's", "of this machine's own user"]
    assert local.ok("log", "1").out
    again = local.ok("connect", "--move")
    assert titles(local, "--sort", "number") == ["Ann's", "of this machine's own user"], again


def test_the_embedded_stores_tasks_go_along(local: Todo, shared: str, ann: Person) -> None:
    local.ok("add", "from before")
    log_in(local, ann)
    local.ok("connect", shared, "--move")
    assert titles(local) == ["from before"]


def test_an_embedded_store_without_tasks_is_not_offered(
    local: Todo, shared: str, ann: Person
) -> None:
    log_in(local, ann)
    assert local.ok("connect", shared).err.endswith(f" as {ann.email}\n")
    moved = local.ok("connect", "--move").err.splitlines()
    assert moved[-2:] == [
        f"connected to {local.ok('whoami', '--json').json['store']} as {ann.email}",
        "nothing to move: the embedded store has no tasks of yours",
    ]


def test_neon_auths_own_tables_are_left_alone(
    local: Todo, postgres_server: Postgres, ann: Person
) -> None:
    with postgres_server.database() as name:
        postgres_server.execute(
            "CREATE SCHEMA neon_auth",
            'CREATE TABLE neon_auth."user" (id uuid PRIMARY KEY, email text NOT NULL)',
            database=name,
        )
        log_in(local, ann)
        local.ok("connect", postgres_server.url(name), "--upgrade")
        local.ok("add", "x")
        local.ok("db", "check")
        assert local.ok("whoami", "--json").json["accepted"] is True


# Somebody else's database.


@pytest.fixture
def owner(tmp_path: Path, shared: str) -> Todo:
    """Whoever the shared database belongs to, on a machine of their own."""
    person = Todo(tmp_path / "owner", now=utc_now())
    person.ok("connect", shared)
    return person


def invited(owner: Todo, local: Todo, person: Person) -> str:
    """An invitation for the account that is signed in on a machine."""
    user = local.ok("whoami", "--json").json["user"]
    said = owner.ok("member", "add", person.email, "--subject", user, "--json").json
    return str(said["invitation"])


def test_a_member_is_whom_the_issuer_says(local: Todo, owner: Todo, ann: Person) -> None:
    log_in(local, ann)
    local.ok("join", invited(owner, local, ann))
    local.ok("add", "Ann's")
    assert titles(local) == ["Ann's"]
    assert owner.ok("list").out == ""
    found = local.ok("whoami", "--json").json
    assert (found["email"], found["issuer"]) == (ann.email, ann.server.origin)


def test_a_member_who_signs_in_later_goes_on_as_the_same_user(
    local: Todo, owner: Todo, ann: Person
) -> None:
    log_in(local, ann)
    invitation = invited(owner, local, ann)
    local.ok("logout")
    refused = local("join", invitation)
    assert (refused.code, refused.err) == (4, f"error: {ann.email} has signed out\n{LEFT}")
    local.ok("logout", "--forget")
    local.ok("join", invitation)
    local.ok("add", "Ann's")
    assert "tasks from before" not in log_in(local, ann).err
    assert titles(local) == ["Ann's"]


def test_a_member_whose_user_was_the_plain_sub_is_let_in_by_the_owner(
    local: Todo, owner: Todo, ann: Person
) -> None:
    log_in(local, ann)
    local.ok("join", invited(owner, local, ann))
    local.ok("add", "Ann's")
    user = str(local.ok("whoami", "--json").json["user"])
    subject = user.partition("#")[2]

    async def rename() -> None:
        async with app_of(owner).database.connect() as connection:
            await queries.rename_user(connection, user, subject)

    asyncio.run(rename())
    said = local("list")
    assert (said.code, said.out) == (4, "")
    assert said.err.startswith(
        "error: the login role of this database is another user's, or was removed\n"
        "hint: ask the database's owner for `todo member add` with `--subject` and your user id"
    )
    assert f"user\t{user}\n" in local("whoami").out
    owner.ok("member", "add", ann.email, "--subject", user)
    assert titles(local) == ["Ann's"]
    local.ok("add", "more")


def test_another_account_cannot_take_the_invitation(
    local: Todo, owner: Todo, ann: Person, bob: Person
) -> None:
    log_in(local, ann)
    invitation = invited(owner, local, ann)
    log_in(local, bob)
    said = local("join", invitation)
    assert said.code == 1
    assert said.err.startswith("error: the invitation is for another user than ")
    log_in(local, ann)
    local.ok("join", invitation)


def test_on_a_members_connection_another_account_is_4(
    local: Todo, owner: Todo, ann: Person, bob: Person
) -> None:
    log_in(local, ann)
    local.ok("join", invited(owner, local, ann))
    local.ok("add", "Ann's")
    said = log_in(local, bob)
    assert "warning: " in said.err
    for argv in (["list"], ["add", "x"], ["show", "1"], ["export"], ["whoami"], ["undo"]):
        said = local(*argv)
        assert said.code == 4, argv
        assert "the login role of this database is another user" in said.err
        assert "Ann's" not in said.out
    doctor = {row[0]: row for row in local("doctor").rows}
    assert doctor["user"][1] == "failed"
    log_in(local, ann)
    assert titles(local) == ["Ann's"]
    assert "still knows this machine's own key" in local.ok("logout").err
