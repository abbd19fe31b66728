"""TLS to real servers: what each `sslmode` verifies, and that nothing ever falls back."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import sqlalchemy as sa

from neontodo.db.database import translate_errors
from neontodo.db.engine import make_engine
from neontodo.db.retry import RetryTimer, TimeLimits
from neontodo.db.tls import has_direct_tls, make_context
from neontodo.db.url import parse_url
from neontodo.errors import BadValue, StoreUnavailable
from tests.certificates import EXPIRED, NOT_YET, Authority, write_self_signed
from tests.databases import Postgres
from tests.db.targets import postgres
from tests.fake_server import FakeServer
from tests.neon import DIRECT, POOLED, Neon
from tests.postgres import PostgresServer

SECURE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
NOT_TRUSTED = "its certificate comes from an authority that is not trusted here"
AT_ONCE = TimeLimits(patience=0, brief=0)


def ask(url: str, query: str = SECURE) -> object:
    """What the server answers to a client that connects by this URL, once and without patience."""

    async def asked() -> object:
        target = parse_url(url)
        engine = make_engine(target, timer=RetryTimer(AT_ONCE))
        try:
            with translate_errors(target):
                async with engine.connect() as connection:
                    return await connection.scalar(sa.text(query))
        finally:
            await engine.dispose()

    return asyncio.run(asked())


def refusal(url: str) -> str:
    with pytest.raises(StoreUnavailable) as raised:
        ask(url)
    assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"
    return raised.value.message.rpartition(": ")[2]


def server_url(server: Postgres, parameters: str, host: str = "localhost") -> str:
    return f"{server.url('postgres').replace('127.0.0.1', host)}?{parameters}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `~/.postgresql`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".postgresql"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
def test_a_good_certificate_is_accepted(postgres_server: Postgres, mode: str, host: str) -> None:
    parameters = f"sslmode={mode}&sslrootcert={postgres_server.ca_file}"
    assert ask(server_url(postgres_server, parameters, host)) is True


@pytest.mark.parametrize(
    ("parameters", "secure"), [("sslmode=disable", False), ("sslmode=require", True), ("", True)]
)
def test_what_verifies_nothing(
    postgres_server: Postgres, home: Path, parameters: str, secure: bool
) -> None:
    assert ask(server_url(postgres_server, parameters)) is secure


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=verify-full",
        "sslmode=require&sslrootcert=system",
        "sslrootcert=system",
        "channel_binding=require",
        "sslmode=require&channel_binding=require",
    ],
)
def test_an_authority_that_the_system_does_not_know(
    postgres_server: Postgres, home: Path, parameters: str
) -> None:
    assert refusal(server_url(postgres_server, parameters)) == NOT_TRUSTED


@pytest.mark.parametrize("parameters", ["sslmode=verify-full", "channel_binding=require"])
def test_an_authority_that_the_system_knows(
    postgres_server: Postgres, home: Path, monkeypatch: pytest.MonkeyPatch, parameters: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", postgres_server.ca_file)
    assert ask(server_url(postgres_server, parameters)) is True


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_the_users_own_root_certificate_is_found(
    postgres_server: Postgres, home: Path, mode: str
) -> None:
    (home / "root.crt").write_bytes(Path(postgres_server.ca_file).read_bytes())
    assert ask(server_url(postgres_server, f"sslmode={mode}")) is True


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_the_users_own_root_certificate_is_trusted_alone(
    postgres_server: Postgres, home: Path, mode: str
) -> None:
    Authority.found(home / "root.crt", "another authority")
    assert refusal(server_url(postgres_server, f"sslmode={mode}")) == NOT_TRUSTED


def test_optional_tls_asks_for_no_authority(postgres_server: Postgres, home: Path) -> None:
    Authority.found(home / "root.crt", "another authority")
    assert ask(server_url(postgres_server, "")) is True


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (EXPIRED, "its certificate has expired"),
        (NOT_YET, "its certificate is not valid yet"),
    ],
)
def test_a_certificate_out_of_its_time(tmp_path: Path, days: tuple[int, int], reason: str) -> None:
    authority = Authority.found(tmp_path / "ca.pem")
    authority.issue(tmp_path / "cert", tmp_path / "key", days=days)
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        assert refusal(server.url(f"sslmode=verify-full&sslrootcert={tmp_path}/ca.pem")) == reason
    assert (server.heard, server.logins) == (["tls"], [])


def test_a_certificate_for_another_host(tmp_path: Path) -> None:
    Authority.found(tmp_path / "ca.pem").issue(
        tmp_path / "cert", tmp_path / "key", names=("db.example.org", "127.0.0.2")
    )
    root = f"sslrootcert={tmp_path}/ca.pem"
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        for host in ("localhost", "127.0.0.1"):
            url = server.url(f"sslmode=verify-full&{root}", host)
            assert refusal(url) == "its certificate is for another host name"
        assert server.logins == []
        refusal(server.url(f"sslmode=verify-ca&{root}"))
    assert (server.heard, len(server.logins)) == (["tls"] * 3, 1)


def test_a_self_signed_certificate(tmp_path: Path, home: Path) -> None:
    write_self_signed(tmp_path / "cert", tmp_path / "key")
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        assert refusal(server.url("sslmode=verify-full")) == "its certificate is self-signed"
        assert server.logins == []
        refusal(server.url("sslmode=require"))
    assert (server.heard, len(server.logins)) == (["tls", "tls"], 1)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_list_of_revoked_certificates_is_not_passed_over(home: Path, mode: str) -> None:
    Authority.found(home / "root.crt")
    (home / "root.crl").touch()
    with pytest.raises(BadValue) as raised:
        make_context(postgres(f"postgresql://alex:hunter2@localhost/d?sslmode={mode}"))
    assert raised.value.message == (
        f"lists of revoked certificates are not supported: {home}/root.crl"
    )
    assert raised.value.hint == "move that file away to connect without it"


def test_a_list_of_revoked_certificates_is_not_in_the_way_of_others(home: Path) -> None:
    (home / "root.crl").touch()
    for parameters in ("sslmode=require", "", "sslrootcert=system"):
        assert make_context(postgres(f"postgresql://alex@localhost/d?{parameters}")) is not None


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_server_without_tls_gets_no_login(tmp_path: Path, mode: str) -> None:
    Authority.found(tmp_path / "ca.pem")
    url_parameters = f"sslmode={mode}&sslrootcert={tmp_path}/ca.pem"
    with FakeServer() as server, pytest.raises(StoreUnavailable, match="offers no TLS"):
        ask(server.url(url_parameters))
    assert (server.heard, server.logins) == (["tls"], [])


def test_a_server_without_tls_will_do_where_the_url_does_not_say(home: Path) -> None:
    with FakeServer() as server:
        refusal(server.url())
    assert (server.heard, len(server.logins)) == (["tls", "plain"], 1)


@pytest.mark.parametrize(
    "refused",
    [
        ("28P01", 'password authentication failed for user "alex"'),
        ("28000", "no pg_hba.conf entry for host, SSL encryption"),
    ],
)
def test_a_refused_login_is_not_tried_again_in_plain_text(
    tmp_path: Path, home: Path, refused: tuple[str, str]
) -> None:
    write_self_signed(tmp_path / "cert", tmp_path / "key")
    with FakeServer(tmp_path / "cert", tmp_path / "key", refused) as server:
        refusal(server.url())
    assert server.heard == ["tls"]


@pytest.mark.parametrize("host", [DIRECT, POOLED])
def test_neon_is_spoken_to_by_direct_tls(neon: Neon, host: str) -> None:
    assert ask(neon.url("postgres", host)) is True
    assert has_direct_tls(postgres(neon.url("postgres", host)))


@pytest.mark.parametrize(
    "parameters",
    ["", "sslmode=disable", "sslmode=require", "sslmode=verify-ca"],
)
def test_neon_is_always_verified(
    neon: Neon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: str
) -> None:
    Authority.found(tmp_path / "ca.pem").issue(tmp_path / "cert", tmp_path / "key")
    monkeypatch.setenv("SSL_CERT_FILE", neon.server.ca_file)
    with FakeServer(tmp_path / "cert", tmp_path / "key") as impostor:
        assert refusal(impostor.url(parameters, DIRECT)) == NOT_TRUSTED
    assert (impostor.heard, impostor.logins) == (["direct"], [])


def test_neons_authority_is_the_systems_and_not_libpqs(
    neon: Neon, home: Path, tmp_path: Path
) -> None:
    authority = Authority.found(home / "root.crt", "another authority")
    authority.issue(tmp_path / "cert", tmp_path / "key")
    assert ask(neon.url("postgres")) is True
    with FakeServer(tmp_path / "cert", tmp_path / "key") as impostor:
        assert refusal(impostor.url("", DIRECT)) == NOT_TRUSTED


def test_a_named_root_certificate_is_used_on_neon_too(
    neon: Neon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refusal(neon.url("postgres")) == NOT_TRUSTED
    assert ask(f"{neon.url('postgres')}&sslrootcert={neon.server.ca_file}") is True


@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_direct_tls_where_the_url_asks_for_it(neon_server: PostgresServer, mode: str) -> None:
    parameters = f"sslmode={mode}&sslrootcert={neon_server.ca_file}&sslnegotiation=direct"
    assert ask(server_url(neon_server, parameters)) is True


def test_direct_tls_is_what_is_sent(tmp_path: Path, home: Path) -> None:
    Authority.found(tmp_path / "ca.pem").issue(tmp_path / "cert", tmp_path / "key")
    with FakeServer(tmp_path / "cert", tmp_path / "key") as server:
        for negotiation in ("direct", "postgres"):
            refusal(server.url(f"sslmode=require&sslnegotiation={negotiation}"))
    assert server.heard == ["direct", "tls"]


@pytest.mark.parametrize(
    "environment",
    [
        {"PGSSLNEGOTIATION": "direct"},
        {"PGSSLMODE": "disable", "PGSSLROOTCERT": "/nowhere"},
        {"PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere", "PGSSLCRL": "/nowhere"},
        {"PGSSLMINPROTOCOLVERSION": "nonsense", "PGSSLMAXPROTOCOLVERSION": "TLSv1"},
        {"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none"},
        {"PGSERVICE": "nowhere", "PGSERVICEFILE": "/nowhere", "PGTARGETSESSIONATTRS": "standby"},
        {"PGGSSLIB": "nonsense", "PGKRBSRVNAME": "nobody", "PGPASSWORD": "wrong"},
    ],
)
@pytest.mark.parametrize("parameters", ["", "sslmode=require"])
def test_variables_of_other_programs_change_nothing(
    postgres_server: Postgres,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    parameters: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ask(server_url(postgres_server, parameters)) is True


def test_a_password_is_never_taken_from_elsewhere(
    postgres_server: Postgres, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", postgres_server.password)
    passwords = home.parent / ".pgpass"
    passwords.write_text(f"*:*:*:*:{postgres_server.password}\n")
    passwords.chmod(0o600)
    url = f"postgresql://postgres@127.0.0.1:{postgres_server.port}/postgres"
    with pytest.raises(StoreUnavailable, match="refused the user or the password"):
        ask(url)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("sslnegotiation=direct", "`sslnegotiation=direct` needs `sslmode=require`"),
        ("sslmode=disable&channel_binding=require", "`sslmode=disable` contradicts the rest"),
        ("sslmode=disable&sslrootcert=system", "`sslmode=disable` contradicts the rest"),
        ("sslmode=verify-ca", "`sslmode=verify-ca` needs the certificate of the authority"),
        ("sslmode=require&sslrootcert=/nowhere", "the file of `sslrootcert` does not exist"),
        (f"sslmode=require&sslrootcert={__file__}", "there is no certificate in"),
    ],
)
def test_contradictions(home: Path, parameters: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        make_context(postgres(f"postgresql://alex:hunter2@localhost/d?{parameters}"))


def test_there_is_no_tls_on_a_socket() -> None:
    target = postgres("postgresql://alex@/d?host=/tmp&sslmode=verify-full")
    assert (make_context(target), has_direct_tls(target)) == (None, False)


def test_a_system_without_authorities_is_lent_mozillas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    context = make_context(postgres(f"postgresql://alex@{DIRECT}/d"))
    assert context is not None
    assert context.cert_store_stats()["x509_ca"] > 50


def test_a_system_with_authorities_is_trusted_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Authority.found(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = make_context(postgres(f"postgresql://alex@{DIRECT}/d"))
    assert context is not None
    assert context.cert_store_stats()["x509_ca"] == 1


def test_a_folder_of_authorities_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "4a6481c9.0").touch()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    context = make_context(postgres(f"postgresql://alex@{DIRECT}/d"))
    assert context is not None
    assert context.cert_store_stats()["x509_ca"] == 0


def test_old_protocols_are_refused() -> None:
    context = make_context(postgres(f"postgresql://alex@{DIRECT}/d"))
    assert context is not None
    assert (context.minimum_version, context.verify_mode, context.check_hostname) == (
        ssl.TLSVersion.TLSv1_2,
        ssl.CERT_REQUIRED,
        True,
    )
