from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from neontodo.accounts.account_file import Account
from tests.accounts.better_auth_server import AuthServer, Person
from tests.accounts.profile import Profile, session_of


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder to read and not to write; root, whom no mode stops, is somebody else meanwhile."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield folder
    if was_root:
        os.seteuid(0)
    folder.chmod(0o700)


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path / "home")


@pytest.fixture
def ann(auth_server: AuthServer) -> Person:
    return auth_server.person("Ann")


@pytest.fixture
def signed_in_ann(profile: Profile, ann: Person) -> Account:
    return profile.sign_in(ann.server.issuer(), session_of(ann))
