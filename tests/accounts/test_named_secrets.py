from __future__ import annotations

import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError

from neontodo.accounts.secrets.named_secrets import NamedSecrets
from neontodo.errors import KeyringUnavailable, NotSignedIn, StoreUnavailable

Missing: type[KeyringBackend] = fail.Keyring
SECRET = "postgresql://u:hunter2@ep-x.neon.tech/neondb"


class Memory(KeyringBackend):
    """A keyring that works."""

    # Never chosen by keyring's own search, as `viable` says.
    viable = False
    priority: float = 5

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise PasswordDeleteError("not found")
        del self.held[service, username]


class Moody(Memory):
    """A keyring that works until it is locked, or hangs."""

    def __init__(self, patience: threading.Event) -> None:
        super().__init__()
        self.patience = patience
        self.mood = "fine"
        self.calls = 0

    def _stall(self, secret: str) -> None:
        self.calls += 1
        if self.mood == "locked":
            raise KeyringLocked(f"cannot unlock to store {secret}")
        if self.mood == "exits":
            raise SystemExit(secret)
        if self.mood == "hangs":
            self.patience.wait()

    def get_password(self, service: str, username: str) -> str | None:
        self._stall(SECRET)
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._stall(password)
        super().set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        self._stall(SECRET)
        super().delete_password(service, username)


class Plain(Memory):
    """A third party's keyring that writes plain text."""

    priority = 0.5


class PlainByName(Memory):
    """The same, but keen."""


PlainByName.__module__ = "keyrings.alt.file"


class Undeletable(Memory):
    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(f"no, {SECRET} stays")


@pytest.fixture
def moody() -> Iterator[Moody]:
    patience = threading.Event()
    yield Moody(patience)
    patience.set()


class Home:
    """A folder with secrets, and what was said about it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.notices: list[str] = []

    def store(self, backend: KeyringBackend, limit: float = 30) -> NamedSecrets:
        return NamedSecrets(self.folder, self.notices.append, backend, limit=limit)

    def texts(self) -> str:
        return "".join(path.read_text() for path in self.folder.rglob("*.json"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "neontodo")


def test_a_keyring_that_answers_holds_the_secret(home: Home) -> None:
    keyring = Memory()
    home.store(keyring).set("database", SECRET)
    again = home.store(keyring)
    assert (again.get("database"), again.locate("database")) == (SECRET, "keyring")
    assert keyring.held == {("neontodo", f"database ({home.folder})"): SECRET}
    assert "hunter2" not in home.texts()
    assert home.notices == []


def test_what_the_keyring_holds_is_replaced_and_deleted_there(home: Home) -> None:
    keyring = Memory()
    store = home.store(keyring)
    store.set("database", "old")
    store.set("database", SECRET)
    assert store.get("database") == SECRET
    store.delete("database")
    assert (keyring.held, store.get("database"), store.locate("database")) == ({}, None, None)


@pytest.mark.parametrize(
    "backend", [fail.Keyring, null.Keyring, Plain, PlainByName], ids=lambda b: b.__name__
)
def test_where_no_keyring_keeps_secrets_a_file_does(
    home: Home, backend: type[KeyringBackend]
) -> None:
    home.store(backend()).set("database", SECRET)
    again = home.store(backend())
    assert (again.get("database"), again.locate("database")) == (SECRET, "file")
    assert not getattr(backend(), "held", {})
    assert home.notices == [
        f"the keyring is missing, so secrets are stored in `{home.folder / 'secrets'}`, "
        "in files that only you can read"
    ]


def test_a_chain_is_asked_for_its_first_real_keyring(home: Home) -> None:
    keyring = Memory()

    class Chain(chainer.ChainerBackend):
        viable = False
        priority = 10
        backends = (Plain(), Missing(), keyring)

    chain: type[KeyringBackend] = Chain
    home.store(chain()).set("database", SECRET)
    assert keyring.held == {("neontodo", f"database ({home.folder})"): SECRET}


def test_files_are_the_owners_alone(home: Home) -> None:
    home.store(Missing()).set("database", SECRET)
    folder = home.folder / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_one_notice_is_enough(home: Home) -> None:
    for name in ("database", "token", "database"):
        home.store(Missing()).set(name, SECRET)
    assert len(home.notices) == 1


def test_a_secret_stays_where_it_was_first_put(home: Home) -> None:
    home.store(Missing()).set("database", "old")
    keyring = Memory()
    home.store(keyring).set("database", SECRET)
    assert (home.store(keyring).get("database"), keyring.held) == (SECRET, {})


def test_secrets_do_not_mix(home: Home) -> None:
    store = home.store(Missing())
    for name in ("a", "A", "../a", "a/b", "é", "e\u0301", "x" * 5000, ""):
        store.set(name, f"secret of {name}")
    assert store.get("A") == "secret of A"
    assert store.get("../a") == "secret of ../a"
    assert store.get("é") == "secret of é"
    store.delete("a")
    assert (store.get("a"), store.get("A")) == (None, "secret of A")
    assert {path.parent for path in home.folder.rglob("*.json")} == {home.folder / "secrets"}


@given(name=st.text(), value=st.text())
def test_any_text_is_a_secret(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: str
) -> None:
    store = Home(tmp_path_factory.mktemp("any")).store(Missing())
    store.set(name, value)
    assert store.get(name) == value


def test_nothing_stored_touches_no_keyring(home: Home, moody: Moody) -> None:
    store = home.store(moody)
    assert (store.get("database"), store.locate("database")) == (None, None)
    store.delete("database")
    assert moody.calls == 0
    assert not home.folder.exists()


def test_a_secret_in_a_file_touches_no_keyring(home: Home, moody: Moody) -> None:
    home.store(Missing()).set("database", "old")
    store = home.store(moody)
    store.set("database", SECRET)
    store.get("database")
    store.delete("database")
    assert moody.calls == 0
    assert home.texts() == ""


@pytest.mark.parametrize(
    ("mood", "notice"),
    [
        ("locked", "the keyring is locked"),
        ("hangs", "the keyring does not answer"),
        ("exits", "the keyring does not work (SystemExit)"),
    ],
)
def test_a_keyring_in_a_mood_is_passed_by(home: Home, moody: Moody, mood: str, notice: str) -> None:
    moody.mood = mood
    store = home.store(moody, limit=0.05)
    store.set("database", SECRET)
    assert (store.get("database"), store.locate("database")) == (SECRET, "file")
    assert len(home.notices) == 1
    assert home.notices[0].startswith(notice)
    assert "hunter2" not in home.notices[0]


@pytest.mark.parametrize("mood", ["locked", "hangs", "exits"])
@pytest.mark.parametrize("verb", ["get", "delete"])
def test_a_keyring_that_holds_the_secret_must_answer(
    home: Home, moody: Moody, mood: str, verb: str
) -> None:
    home.store(moody).set("database", SECRET)
    moody.mood = mood
    store = home.store(moody, limit=0.05)
    with pytest.raises(KeyringUnavailable, match="the keyring that holds `database`") as raised:
        getattr(store, verb)("database")
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert store.locate("database") == "keyring"


def test_a_hanging_keyring_is_waited_for_once(home: Home, moody: Moody) -> None:
    moody.mood = "hangs"
    store = home.store(moody, limit=0.05)
    for name in ("a", "b", "c"):
        store.set(name, SECRET)
    assert moody.calls == 1


def test_a_new_value_goes_to_a_file_if_the_keyring_has_locked_meanwhile(
    home: Home, moody: Moody
) -> None:
    home.store(moody).set("database", "old")
    moody.mood = "locked"
    store = home.store(moody)
    store.set("database", SECRET)
    assert (store.get("database"), store.locate("database")) == (SECRET, "file")
    moody.mood = "fine"
    store.delete("database")
    assert (moody.held, store.get("database")) == ({}, None)


def test_a_file_of_another_secret_that_others_can_read_is_no_obstacle(
    home: Home, moody: Moody
) -> None:
    home.store(Missing()).set("token", "x")
    (path,) = (home.folder / "secrets").iterdir()
    path.chmod(0o644)
    home.store(moody).set("database", "old")
    moody.mood = "locked"
    store = home.store(moody)
    store.set("database", SECRET)
    assert (store.get("database"), store.locate("database")) == (SECRET, "file")


def test_what_a_hanging_keyring_stored_late_is_deleted_too(home: Home, moody: Moody) -> None:
    moody.mood = "hangs"
    home.store(moody, limit=0.05).set("database", SECRET)
    moody.patience.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join()
    assert moody.held
    moody.mood = "fine"
    home.store(moody).delete("database")
    assert moody.held == {}


def test_a_secret_its_owner_removed_from_the_keyring_is_gone(home: Home) -> None:
    keyring = Memory()
    store = home.store(keyring)
    store.set("database", SECRET)
    keyring.held.clear()
    assert store.get("database") is None
    store.delete("database")
    assert store.locate("database") is None


def test_a_keyring_that_does_not_delete_is_said(home: Home) -> None:
    store = home.store(Undeletable())
    store.set("database", SECRET)
    with pytest.raises(KeyringUnavailable) as raised:
        store.delete("database")
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert store.get("database") == SECRET


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SECRET, id="no-json"),
        pytest.param(json.dumps([SECRET]), id="list"),
        pytest.param(json.dumps({"name": "database", "value": SECRET}), id="field-missing"),
        pytest.param(
            json.dumps({"name": "other", "in_keyring": False, "value": SECRET}), id="another-name"
        ),
        pytest.param(
            json.dumps({"name": "database", "in_keyring": False, "value": [SECRET]}), id="no-text"
        ),
    ],
)
def test_a_damaged_file_is_named_and_not_quoted(home: Home, content: str) -> None:
    store = home.store(Missing())
    store.set("database", "x")
    (path,) = (home.folder / "secrets").iterdir()
    path.write_text(content)
    with pytest.raises(NotSignedIn, match="damaged") as raised:
        store.get("database")
    assert str(path) in raised.value.message
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


def test_a_folder_that_cannot_be_written_leaves_nothing_in_the_keyring(closed: Path) -> None:
    keyring = Memory()
    with pytest.raises(StoreUnavailable, match="cannot be read: it belongs to root"):
        Home(closed).store(keyring).set("database", SECRET)
    assert keyring.held == {}


def test_no_keyring_is_imported_before_one_is_needed(tmp_path: Path) -> None:
    script = """
import pathlib, sys
from neontodo.accounts import machine_keys, tokens
from neontodo.accounts.secrets import private_files, named_secrets
named_secrets = named_secrets.NamedSecrets(pathlib.Path(sys.argv[1]), print)
assert named_secrets.get("database") is None and named_secrets.locate("database") is None
named_secrets.delete("database")
print([name for name in ("keyring", "jwt", "cryptography", "sqlmodel") if name in sys.modules])
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.check_output(command, text=True) == "[]\n"


def test_folders_share_a_keyring_and_no_secret(tmp_path: Path) -> None:
    keyring, name = Memory(), "session https://app.example.com"
    folders = [tmp_path / "data", tmp_path / "data" / "profiles" / "work", tmp_path / "other"]
    for folder in folders:
        NamedSecrets(folder, print, keyring).set(name, f"secret of {folder}")
    assert [NamedSecrets(folder, print, keyring).get(name) for folder in folders] == [
        f"secret of {folder}" for folder in folders
    ]
    NamedSecrets(folders[1], print, keyring).delete(name)
    assert [held for _, held in keyring.held] == [
        f"{name} ({folder})" for folder in (folders[0], folders[2])
    ]


def test_a_folder_has_one_name_in_the_keyring(tmp_path: Path) -> None:
    keyring, link = Memory(), tmp_path / "link"
    NamedSecrets(tmp_path / "data", print, keyring).set("database", SECRET)
    link.symlink_to(tmp_path / "data")
    assert NamedSecrets(link, print, keyring).get("database") == SECRET
