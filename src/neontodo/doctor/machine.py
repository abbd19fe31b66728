"""Check this machine: settings, variables that todo does not use, the keyring, the token."""

from __future__ import annotations

from datetime import datetime, timedelta

from neontodo import settings as known
from neontodo.accounts import account_file, connect, machine_key
from neontodo.accounts.issuers import jwks
from neontodo.accounts.tokens import Claims
from neontodo.app import App
from neontodo.clock import format_duration
from neontodo.db.url import USUAL_VARIABLES, PostgresTarget, parse_url
from neontodo.doctor.findings import Note
from neontodo.errors import BadValue, NotSignedIn

OTHER_OWN = frozenset({known.CONFIG_VARIABLE, "TODO_AGENT"})
LIBPQ = frozenset(
    f"PG{name}"
    for name in (
        "HOST", "HOSTADDR", "PORT", "USER", "PASSWORD", "PASSFILE", "DATABASE", "SERVICE",
        "SERVICEFILE", "OPTIONS", "APPNAME", "SSLMODE", "SSLROOTCERT", "SSLCERT", "SSLKEY",
        "SSLNEGOTIATION", "CHANNELBINDING", "CONNECT_TIMEOUT", "TARGETSESSIONATTRS",
    )
)  # fmt: skip


def check_settings(app: App) -> str:
    """Make sure that the settings can be used, and return which were set."""
    app.load_settings()
    # A profile that does not exist is reported here, and not where it is first needed.
    _ = app.folder
    origins = app.setting_origins
    if not origins:
        return "all have their defaults"
    return ", ".join(f"{name} by {origin}" for name, origin in origins.items())


def check_variables(app: App) -> str:
    """Return which variables look like settings and are not."""
    own = {*OTHER_OWN, *map(known.variable_name, known.Settings.model_fields)}
    unknown = [
        name
        for name in app.env
        if name.startswith(known.PREFIX) and name not in own and app.env[name]
    ]
    foreign = [name for name in (*USUAL_VARIABLES, *sorted(LIBPQ)) if app.env.get(name)]
    notes = []
    if unknown:
        notes.append(f"not a setting of todo: {', '.join(sorted(unknown))}")
    if foreign:
        notes.append(f"set but not used: {', '.join(foreign)}")
    return Note("; ".join(notes)) if notes else "none"


def check_keyring(app: App) -> str:
    """Make sure that the keyring answers, if it holds a secret that is in use."""
    wanted = _name_secrets(app)
    places = {what: app.secrets.locate(name) for what, name in wanted.items()}
    if not any(places.values()):
        return "not needed"
    there = [what for what, place in places.items() if place == "keyring"]
    if not there:
        return "not needed: the secrets are in private files"
    for what in there:
        app.secrets.get(wanted[what])
    return f"it has {' and '.join(there)}"


def _name_secrets(app: App) -> dict[str, str]:
    """Return what secrets are in use, and the names that they are stored by."""
    found = {}
    if (key := find_database_key(app)) is not None:
        found["the database URL"] = connect.connection_secret_name(key)
    if app.account is not None:
        found["the session"] = account_file.session_secret_name(app.account.issuer)
    return found


def check_issuer(app: App) -> str:
    """Make sure that the issuer of this run shows its keys."""
    is_account = app.account is not None and app.read_given_token()[0] is None
    # Settings that cannot be used show here, even if the account's issuer is asked.
    named = app.issuer
    asked = app.account.issuer if app.account and is_account else named
    assert asked is not None

    async def fetch() -> int:
        async with app.http() as http:
            return len((await jwks.fetch_keys(http, asked, app.now)).keys)

    number = app.run(fetch())
    if not number:
        raise NotSignedIn(f"{asked.url} has no public key that can be used")
    who = f"signed in as {app.account.label}" if app.account and is_account else "not signed in"
    return f"{asked.url} has {number} key{'s' * (number > 1)}; {who}"


def find_database_key(app: App) -> str | None:
    """Return the key of the database in use, if it is known without a secret."""
    if url := app.settings.database_url:
        try:
            target = parse_url(url.get_secret_value())
        except BadValue:
            return None
        return target.key if isinstance(target, PostgresTarget) else None
    last = connect.load_last_connection(app.folder)
    return last.store if last is not None and last.current else None


def check_store(app: App) -> str:
    """Return which store is in use, and who chose it."""
    target = app.target
    if origin := app.setting_origins.get("database_url"):
        return f"{target.display}, by {origin}"
    return f"{target.display}, {'by default' if target.engine == 'sqlite' else 'connected'}"


def read_claims(app: App) -> Claims:
    """Return what the token of this run says; only a session's is renewed, as by any command.

    Raises:
        NotSignedIn: there is none, or it is not accepted.
    """
    if app.read_given_token()[0] is not None or app.account is not None:
        return app.run(app.identity()).claims
    connected = app.connection
    own = (connected and connected.machine_key) or machine_key.load_machine_key(app.folder)
    if own is None:
        app.profile.require_key_of_store()
        raise NotSignedIn("this machine has no key yet", hint="`todo add` creates one")
    return machine_key.renew_token(own, app.now)[1]


def describe_token(claims: Claims, now: datetime) -> str:
    """Return whose token it is, and until when it is valid."""
    end, left = claims.expires_at, claims.expires_at - now
    is_far = left >= timedelta(days=1)
    until = f"{end:%Y-%m-%d} ({format_duration(left)})" if is_far else f"{end:%Y-%m-%d %H:%M} UTC"
    return f"of user {claims.user_id}, until {until}"
