"""Checks of this machine: settings, variables that mean nothing here, the keyring, the token."""

from __future__ import annotations

from datetime import timedelta

from neontodo import settings as known
from neontodo.accounts import account, connect
from neontodo.accounts import machine_key as identity
from neontodo.accounts.issuers import jwks
from neontodo.accounts.machine_key import MachineKey
from neontodo.accounts.tokens import Claims
from neontodo.app import App
from neontodo.clock import span
from neontodo.db.url import USUAL_VARIABLES, PostgresTarget, parse_url
from neontodo.doctor.finding import Examination, Note
from neontodo.errors import BadValue, NotSignedIn, TodoError

OTHER_OWN = frozenset({known.CONFIG_VARIABLE, "TODO_AGENT"})
LIBPQ = frozenset(
    f"PG{name}"
    for name in (
        "HOST", "HOSTADDR", "PORT", "USER", "PASSWORD", "PASSFILE", "DATABASE", "SERVICE",
        "SERVICEFILE", "OPTIONS", "APPNAME", "SSLMODE", "SSLROOTCERT", "SSLCERT", "SSLKEY",
        "SSLNEGOTIATION", "CHANNELBINDING", "CONNECT_TIMEOUT", "TARGETSESSIONATTRS",
    )
)  # fmt: skip


def settings(app: App) -> str:
    """Whether the settings can be used, and which were set."""
    app.load_settings()
    # A profile that does not exist is reported here, and not where it is first needed.
    _ = app.folder
    origins = app.setting_origins
    if not origins:
        return "all have their defaults"
    return ", ".join(f"{name} by {origin}" for name, origin in origins.items())


def leftovers(app: App) -> str:
    """Variables that look like settings and are not."""
    unknown = [
        name
        for name in app.env
        if name.startswith(known.PREFIX) and name not in _own() and app.env[name]
    ]
    foreign = [name for name in (*USUAL_VARIABLES, *sorted(LIBPQ)) if app.env.get(name)]
    said = []
    if unknown:
        said.append(f"no setting of todo: {', '.join(sorted(unknown))}")
    if foreign:
        said.append(f"set, and not used: {', '.join(foreign)}")
    return Note("; ".join(said)) if said else "none"


def _own() -> frozenset[str]:
    return OTHER_OWN | {known.variable_name(name) for name in known.Settings.model_fields}


def keyring(app: App) -> str:
    """Whether the keyring answers, if a secret that is in use lies there."""
    wanted = _secrets(app)
    places = {what: app.secrets.locate(name) for what, name in wanted.items()}
    if not any(places.values()):
        return "not needed"
    there = [what for what, place in places.items() if place == "keyring"]
    if not there:
        return "not needed: the secrets are in private files"
    for what in there:
        app.secrets.get(wanted[what])
    return f"it has {' and '.join(there)}"


def _secrets(app: App) -> dict[str, str]:
    """What secrets are in use, and what they are called."""
    found = {}
    if (key := database(app)) is not None:
        found["the database URL"] = connect.connection_secret_name(key)
    if app.account is not None:
        found["the session"] = account.session_secret_name(app.account.issuer)
    return found


def issuer(app: App) -> str:
    """Whether the issuer that counts in this run shows its keys."""
    is_account = app.account is not None and app.given_token()[0] is None
    # Settings that cannot be used show here, even if the account's issuer is asked.
    named = app.issuer
    asked = app.account.issuer if app.account and is_account else named
    assert asked is not None

    async def fetch() -> int:
        async with app.http() as http:
            return len((await jwks.fetch_keys(http, asked, app.now)).keys)

    number = app.run(fetch())
    if not number:
        raise NotSignedIn(f"{asked.url} has no public key that could be used")
    who = f"signed in as {app.account.label}" if app.account and is_account else "not signed in"
    return f"{asked.url} has {number} key{'s' * (number > 1)}; {who}"


def database(app: App) -> str | None:
    """The key of the database in use, if it is known without a secret."""
    if url := app.settings.database_url:
        try:
            target = parse_url(url.get_secret_value())
        except BadValue:
            return None
        return target.key if isinstance(target, PostgresTarget) else None
    last = connect.load_last_connection(app.folder)
    return last.store if last is not None and last.current else None


def store(app: App) -> str:
    """Which store is in use, and who chose it."""
    target = app.target
    if origin := app.setting_origins.get("database_url"):
        return f"{target.display}, by {origin}"
    return f"{target.display}, {'by default' if target.engine == 'sqlite' else 'connected'}"


def own(app: App) -> MachineKey | None:
    """This machine's identity in the store in use; None if there is none yet."""
    if app.connection is not None and app.connection.machine_key is not None:
        return app.connection.machine_key
    return identity.load(app.folder)


def claims(app: App) -> Claims:
    """What the token of this run says; only a session's is renewed, as by any other command.

    Raises:
        NotSignedIn: there is none, or it is not accepted.
    """
    if app.given_token()[0] is not None or app.account is not None:
        return app.run(app.identity()).claims
    mine = own(app)
    if mine is None:
        app.profile.require_key_of_store()
        raise NotSignedIn("this machine has no identity yet", hint="`todo add` makes one")
    return identity.renew_token(mine, app.now)[1]


def token(app: App, found: Examination) -> Claims | None:
    """Add what the token says, if it is accepted."""
    try:
        said = claims(app)
    except TodoError as problem:
        found.add("token", problem.message, problem=problem)
        return None
    ends, left = said.expires_at, said.expires_at - app.now
    is_far = left >= timedelta(days=1)
    until = f"{ends:%Y-%m-%d} ({span(left)})" if is_far else f"{ends:%Y-%m-%d %H:%M} UTC"
    found.add("token", f"of user {said.user_id}, until {until}")
    return said
