"""The line that an invitation is, read back, and what becomes of it on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neontodo.accounts.machine_keys import generate_machine_key
from neontodo.accounts.sharing.grants import generate_password
from neontodo.accounts.sharing.invitation import (
    Invitation,
    build_url,
    decode_invitation,
    encode_invitation,
    make_portable,
)
from neontodo.db.url import PostgresTarget, parse_url
from neontodo.errors import BadValue

TEXT = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)
NEON = "ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech"


def a_line(user_id: str = "ann", name: str = "Ann") -> str:
    return encode_invitation(
        Invitation("postgresql://r:p@h/d", generate_machine_key(user_id, name))
    )


@given(user_id=TEXT, name=TEXT)
def test_what_was_invited_comes_back(user_id: str, name: str) -> None:
    made = Invitation("postgresql://r:p@h/d", generate_machine_key(user_id, name))
    found = decode_invitation(encode_invitation(made))
    assert found.url == made.url
    assert (found.machine_key.user_id, found.machine_key.name) == (user_id, name)
    assert found.machine_key.key_id == made.machine_key.key_id


@given(place=st.integers(15, 180), character=st.sampled_from("Aa0_-"))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    line = a_line()
    wrong = line[:place] + character + line[place + 1 :]
    if wrong != line:
        with pytest.raises(BadValue):
            decode_invitation(wrong)


@given(text=st.text(max_size=80))
def test_anything_else_is_refused_and_never_repeated(text: str) -> None:
    for line in (text, f"todo-invite:v1:{text}"):
        with pytest.raises(BadValue) as refused:
            decode_invitation(line)
        assert len(text) < 12 or text not in refused.value.message


def test_an_invitation_shows_no_secret_when_it_is_printed() -> None:
    found = decode_invitation(a_line())
    assert "postgresql" not in repr(found)
    assert "p@h" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://alex:AbC%40%2F@{NEON}/neondb?sslmode=require&channel_binding=require",
        f"postgres://alex@{NEON}/db%20name?options=endpoint%3Dep-cool-darkness-a1b2c3d4",
        "postgresql://o:p@[::1]:5433/d?connect_timeout=7",
        "postgresql://o:p@db.example.com/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20x.pem",
        "postgresql://o:p@/d?host=/var/run/postgresql",
        "postgresql://o:p@h:6543/d?application_name=mine",
    ],
)
def test_the_role_goes_the_same_way_as_the_owner(url: str) -> None:
    owner, password = parse_url(url), generate_password()
    assert isinstance(owner, PostgresTarget)
    theirs = parse_url(build_url(owner, "todo_m_0", password))
    assert isinstance(theirs, PostgresTarget)
    assert (theirs.user, theirs.password) == ("todo_m_0", password)
    assert theirs.application_name == "todo"
    for name in ("host", "port", "database", "sslmode", "channel_binding", "sslrootcert"):
        assert getattr(theirs, name) == getattr(owner, name)
    assert theirs.options == owner.options
    assert theirs.connect_timeout == owner.connect_timeout


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("sslmode=verify-full&sslrootcert=/etc/ca.pem", "verify-full"),
        ("sslmode=require&sslrootcert=/etc/ca.pem", "verify-ca"),
        ("sslmode=require", "require"),
    ],
)
def test_a_file_of_the_owners_machine_stays_there_and_nothing_less_is_verified(
    given: str, left: str
) -> None:
    owner = parse_url(f"postgresql://o:p@db.example.com/d?{given}")
    assert isinstance(owner, PostgresTarget)
    theirs = make_portable(owner)
    assert (theirs.sslrootcert, theirs.sslmode) == (None, left)


def test_the_systems_authorities_are_everywhere() -> None:
    owner = parse_url("postgresql://o:p@db.example.com/d?sslrootcert=system")
    assert isinstance(owner, PostgresTarget)
    assert make_portable(owner) == owner
