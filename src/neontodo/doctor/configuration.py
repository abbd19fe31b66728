"""Check what is configured: settings, variables that todo does not use, the keyring, the token."""

from __future__ import annotations

from datetime import datetime, timedelta

from neontodo import settings as known
from neontodo.accounts import account_file, connected_database, machine_keys
from neontodo.accounts.issuers import jwks
from neontodo.accounts.tokens import Claims
from neontodo.app import App
from neontodo.clock import format_duration
from neontodo.db.url import USUAL_VARIABLES, PostgresTarget, parse_url
from neontodo.doctor import Note
from neontodo.errors import BadValue, NotSignedIn

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
    origins = (f"{name} by {origin}" for name, origin in app.setting_origins.items())
    return ", ".join(origins) or "all have their defaults"


def check_variables(app: App) -> str:
    """Return which variables look like settings and are not."""
    settings = map(known.variable_name, known.Settings.model_fields)
    todo_variables = {known.CONFIG_VARIABLE, "TODO_AGENT", *settings}
    given = {name for name, value in app.env.items() if value}
    unknown = [name for name in given - todo_variables if name.startswith(known.PREFIX)]
    foreign = [name for name in (*USUAL_VARIABLES, *sorted(LIBPQ)) if name in given]
    notes = []
    if unknown:
        notes.append(f"not a setting of todo: {', '.join(sorted(unknown))}")
    if foreign:
        notes.append(f"set but not used: {', '.join(foreign)}")
    return Note("; ".join(notes)) if notes else "none"


def check_keyring(app: App) -> str:
    """Make sure that the keyring answers, if it holds a secret that is in use."""
    wanted = {}
    if (store_id := find_store_id(app)) is not None:
        wanted["the database URL"] = connected_database.database_secret_name(store_id)
    account = app.profile.last_account
    if account is not None and not account.signed_out:
        wanted["the session"] = account_file.session_secret_name(account.issuer)
    places = {what: app.secrets.locate(name) for what, name in wanted.items()}
    if not any(places.values()):
        return "not needed"
    there = [what for what, place in places.items() if place == "keyring"]
    if not there:
        return "not needed: the secrets are in private files"
    for what in there:
        app.secrets.get(wanted[what])
    return f"it has {' and '.join(there)}"


def check_issuer(app: App) -> str:
    """Make sure that the issuer of this run shows its keys."""
    # Settings that cannot be used show here, even if the account's issuer is asked.
    named = app.profile.issuer
    account = None if app.read_given_token()[0] is not None else app.account
    asked = account.issuer if account is not None else named
    assert asked is not None

    async def fetch() -> int:
        async with app.http() as http:
            return len((await jwks.fetch_keys(http, asked, app.now)).keys)

    number = app.run(fetch())
    if not number:
        raise NotSignedIn(f"{asked.url} has no public key that can be used")
    who = f"signed in as {account.label}" if account is not None else "not signed in"
    return f"{asked.url} has {number} key{'s' * (number > 1)}; {who}"


def find_store_id(app: App) -> str | None:
    """Return the id of the store in use, None if only a secret tells it; NotSignedIn if damaged."""
    if url := app.settings.database_url:
        try:
            target = parse_url(url.get_secret_value())
        except BadValue:
            return None
        return target.store_id if isinstance(target, PostgresTarget) else None
    last = connected_database.load_last_database(app.folder)
    return last.store if last is not None and last.current else None


def check_store(app: App) -> str:
    """Return which store is in use, and who chose it."""
    usual = "by default" if app.target.engine == "sqlite" else "connected"
    origin = app.setting_origins.get("database_url")
    return f"{app.target.display}, {f'by {origin}' if origin else usual}"


def read_claims(app: App) -> Claims:
    """Return what the token of this run says; only a session's is renewed, as by any command.

    Raises:
        NotSignedIn: there is none, or it is not accepted.
    """
    if app.read_given_token()[0] is not None or app.account is not None:
        return app.run(app.identify_user()).claims
    connected = app.profile.connected_database
    machine_key = (connected and connected.machine_key) or app.profile.load_machine_key()
    if machine_key is None:
        app.profile.require_key_of_store()
        raise NotSignedIn("this machine has no key yet", hint="`todo add` creates one")
    return machine_keys.renew_token(machine_key, app.now)[1]


def describe_token(claims: Claims, now: datetime) -> str:
    """Return whose token it is, and until when it is valid."""
    end, left = claims.expires_at, claims.expires_at - now
    is_far = left >= timedelta(days=1)
    until = f"{end:%Y-%m-%d} ({format_duration(left)})" if is_far else f"{end:%Y-%m-%d %H:%M} UTC"
    return f"of user {claims.user_id}, until {until}"
