"""The way to a server: why a step fails, in words that hold no part of the database URL."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from neontodo.doctor.connection import ConnectionSteps
from neontodo.errors import StoreUnavailable
from tests.certificates import EXPIRED, Authority
from tests.db.targets import postgres
from tests.fake_server import FakeServer


def test_a_certificate_is_not_valid_for_a_reason_that_has_no_words_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".postgresql"
    home.mkdir()
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    Authority.found(home / "root.crt").issue(tmp_path / "cert", tmp_path / "key", usage=usage)
    with (
        FakeServer(tmp_path / "cert", tmp_path / "key") as server,
        pytest.raises(StoreUnavailable) as raised,
    ):
        ConnectionSteps(postgres(server.url("sslmode=verify-full"))).negotiate_tls()
    assert raised.value.message.startswith("its certificate is not valid: uns")
    assert raised.value.message.endswith(" certificate purpose")


def test_a_server_without_tls_where_the_url_insists() -> None:
    with FakeServer() as server:
        steps = ConnectionSteps(postgres(server.url("sslmode=require")))
        with pytest.raises(StoreUnavailable, match="the server offers no TLS"):
            steps.negotiate_tls()
    assert steps.is_plain


@pytest.mark.parametrize(
    ("days", "told"),
    [((-1, 30), "29 days"), ((-1, 2), "1 day"), (EXPIRED, "past")],
)
def test_until_when_a_certificate_is_valid(
    tmp_path: Path, days: tuple[int, int], told: str
) -> None:
    Authority.found(tmp_path / "ca").issue(tmp_path / "cert", tmp_path / "key", days=days)
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        shown = ConnectionSteps(postgres(server.url())).fetch_certificate()
    assert shown.endswith(f"({told})")
