from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neontodo.accounts import machine_keys
from neontodo.accounts.machine_keys import MachineKey, compute_thumbprint, encode_private_key
from neontodo.errors import NotSignedIn
from tests.accounts.forged import FORGED, Signed
from tests.accounts.processes import race

NOW = datetime(2041, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "identity"


@pytest.fixture
def made(folder: Path) -> MachineKey:
    return machine_keys.create_machine_key(folder, name="anna", now=NOW)


def loaded(folder: Path) -> MachineKey:
    found = machine_keys.load_machine_key(folder)
    assert found is not None
    return found


def good(made: MachineKey) -> Signed:
    return Signed(made.private_key, made.user_id, made.key_id, NOW)


def test_where_nothing_is_there_is_nobody(folder: Path) -> None:
    assert machine_keys.load_machine_key(folder) is None
    assert not folder.exists()


def test_an_identity_is_made_once_and_found_again(folder: Path, made: MachineKey) -> None:
    again = machine_keys.create_machine_key(folder, name="bert", now=NOW + timedelta(days=1))
    assert str(uuid.UUID(made.user_id)) == made.user_id
    assert made.key_id == compute_thumbprint(made.private_key.public_key())
    for found in (loaded(folder), again):
        assert (found.user_id, found.name, found.token) == (made.user_id, "anna", made.token)
        assert encode_private_key(found.private_key) == encode_private_key(made.private_key)


def test_two_folders_are_two_users(tmp_path: Path) -> None:
    one, two = (
        machine_keys.create_machine_key(tmp_path / name, name="anna", now=NOW) for name in "ab"
    )
    assert one.user_id != two.user_id
    assert one.key_id != two.key_id


def test_both_files_and_their_folder_are_the_owners_alone(folder: Path, made: MachineKey) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {"identity": 0o700, "identity.json": 0o600, "token": 0o600}


def test_neither_key_nor_token_is_in_its_repr(made: MachineKey) -> None:
    assert made.token
    assert made.token not in repr(made)
    assert "private" not in repr(made)


@pytest.mark.slow
def test_of_sixteen_first_commands_all_get_the_same_identity_and_token(folder: Path) -> None:
    script = """
import pathlib, sys
from datetime import UTC, datetime
from neontodo.accounts import machine_keys
machine_keys.compute_thumbprint(machine_keys.generate_private_key().public_key())
print("ready", flush=True); input()
folder, now = pathlib.Path(sys.argv[1]), datetime.now(UTC)
made = machine_keys.create_machine_key(folder, name="anna", now=now)
print(made.user_id, made.key_id, made.token)
"""
    answers = race(script, str(folder))
    assert len(set(answers)) == 1
    assert answers[0].split()[0] == loaded(folder).user_id
    assert {path.name for path in folder.iterdir()} == {"identity.json", "token"}


def test_the_stored_token_is_verified_and_used(folder: Path, made: MachineKey) -> None:
    claims = machine_keys.load_claims(loaded(folder), folder, NOW + timedelta(days=59))
    assert loaded(folder).token == made.token
    assert (claims.user_id, claims.key_id) == (made.user_id, made.key_id)
    assert claims.expires_at == NOW + timedelta(days=90)


@pytest.mark.parametrize("days", [60, 89, 90, 5000, -1, -5000])
def test_a_token_is_signed_anew_before_it_expires_or_when_a_clock_was_wrong(
    folder: Path, made: MachineKey, days: int
) -> None:
    now = NOW + timedelta(days=days)
    claims = machine_keys.load_claims(made, folder, now)
    assert (claims.issued_at, claims.expires_at) == (now, now + timedelta(days=90))
    assert loaded(folder).token != made.token
    assert machine_keys.load_claims(loaded(folder), folder, now) == claims


def test_a_crash_between_the_two_files_is_mended(folder: Path, made: MachineKey) -> None:
    (folder / "token").unlink()
    claims = machine_keys.load_claims(loaded(folder), folder, NOW)
    assert claims.user_id == made.user_id
    assert machine_keys.renew_token(loaded(folder), NOW) == (loaded(folder).token, claims)


def test_on_a_disk_that_cannot_be_written_a_new_token_serves_once(
    made: MachineKey, closed: Path
) -> None:
    now = NOW + timedelta(days=80)
    claims = machine_keys.load_claims(made, closed, now)
    assert (claims.user_id, claims.issued_at) == (made.user_id, now)


# Not tampered with, but overtaken by time, or by an editor that ends each line.
HARMLESS = {"expired", "not-yet-valid", "issued-tomorrow", "trailing-newline"}
TAMPERED = [name for name in FORGED if name not in HARMLESS | {"header-of-1-mb"}]


@pytest.mark.parametrize("forgery", TAMPERED)
def test_a_forged_token_file_is_not_replaced_in_silence(
    folder: Path, made: MachineKey, forgery: str
) -> None:
    token = FORGED[forgery](good(made)).encode("utf-8", "surrogatepass")
    (folder / "token").write_bytes(token)
    with pytest.raises(NotSignedIn) as raised:
        machine_keys.load_claims(loaded(folder), folder, NOW)
    assert str(folder / "token") in raised.value.message
    assert raised.value.hint == "remove that file, and this machine signs a new one"
    assert (folder / "token").read_bytes() == token


def test_a_token_file_of_1_mb_is_refused(folder: Path, made: MachineKey) -> None:
    (folder / "token").write_text(FORGED["header-of-1-mb"](good(made)))
    with pytest.raises(NotSignedIn, match="token"):
        machine_keys.load_machine_key(folder)


def test_a_newline_at_its_end_is_no_harm(folder: Path, made: MachineKey) -> None:
    (folder / "token").write_text(f"{made.token}\n")
    assert machine_keys.load_claims(loaded(folder), folder, NOW).user_id == made.user_id
    assert (folder / "token").read_text() == f"{made.token}\n"


def test_a_token_of_another_user_under_the_same_key_is_refused(
    folder: Path, made: MachineKey
) -> None:
    signed = good(made)
    (folder / "token").write_text(signed.token(payload=signed.payload(sub="somebody-else")))
    with pytest.raises(NotSignedIn, match="another user"):
        machine_keys.load_claims(loaded(folder), folder, NOW)


def test_a_tampered_token_is_nowhere_in_the_traceback(folder: Path, made: MachineKey) -> None:
    token = FORGED["swapped-payload"](good(made))
    (folder / "token").write_text(token)
    with pytest.raises(NotSignedIn) as raised:
        machine_keys.load_claims(loaded(folder), folder, NOW)
    text = "".join(traceback.format_exception(raised.value))
    assert not [part for part in token.split(".") if part in text]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"user_id": "1"}, id="user-id-no-uuid"),
        pytest.param({"user_id": None}, id="no-user-id"),
        pytest.param({"key_id": "x"}, id="key-id-of-another-key"),
        pytest.param({"private_key": "c2hvcnQ"}, id="short-key"),
        pytest.param({"private_key": "no base64"}, id="garbled-key"),
        pytest.param({"private_key": "A" * 43}, id="another-key"),
        pytest.param({"private_key": 1}, id="number-for-a-key"),
    ],
)
def test_a_changed_identity_is_named_and_kept(
    folder: Path, made: MachineKey, change: dict[str, object]
) -> None:
    path = folder / "identity.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    check_damaged(folder, encode_private_key(made.private_key))


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", "{", "\0", "\xff", "[" * 9999])
def test_a_damaged_identity_is_named_and_kept(folder: Path, made: MachineKey, content: str) -> None:
    (folder / "identity.json").write_bytes(content.encode("latin-1"))
    check_damaged(folder, encode_private_key(made.private_key))


def check_damaged(folder: Path, private: str) -> None:
    before = (folder / "identity.json").read_bytes()
    with pytest.raises(NotSignedIn, match="damaged") as raised:
        machine_keys.create_machine_key(folder, name="bert", now=NOW)
    assert str(folder / "identity.json") in raised.value.message
    assert private not in "".join(traceback.format_exception(raised.value))
    assert (folder / "identity.json").read_bytes() == before


@pytest.mark.parametrize("name", ["identity.json", "token"])
def test_an_identity_that_others_can_read_is_not_used(
    folder: Path, made: MachineKey, name: str
) -> None:
    (folder / name).chmod(0o644)
    with pytest.raises(NotSignedIn, match=r"read by others"):
        machine_keys.load_machine_key(folder)


def test_the_user_of_the_operating_system_has_a_name() -> None:
    assert machine_keys.find_os_user_name()


def named(environment: dict[str, str], before: str = "") -> str:
    script = f"""
import os
from neontodo.accounts.machine_keys import find_os_user_name
{before}
print(ascii(find_os_user_name()))
"""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), **environment}
    command = [sys.executable, "-c", script]
    return subprocess.check_output(command, env=environment, text=True).strip()


def test_a_user_name_loses_what_cannot_be_printed() -> None:
    assert named({"LOGNAME": "an\x1bna"}) == "'anna'"
    assert named({"LOGNAME": "\x07"}) == "'me'"


@pytest.mark.skipif(os.geteuid() != 0, reason="platform: only root can be a user without a name")
def test_a_container_without_a_name_for_its_user_is_no_error() -> None:
    assert named({}, before="import getpass, pwd; os.setuid(54321)") == "'me'"
