"""Signing in: where, by which way, and what to know afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neontodo.errors import BadValue, NotSignedIn, Refused, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.issuers.better_auth import Session
    from neontodo.accounts.issuers.device_flow import DeviceCode
    from neontodo.accounts.issuers.issuer import Issuer
    from neontodo.accounts.signed_in import Account
    from neontodo.app import App

VARIABLES = ("BETTER_AUTH_URL", "NEON_AUTH_BASE_URL")
EXAMPLE = "`todo login https://app.example.com/api/auth` names your own"


def require_unsupplied(app: App) -> None:
    """Make sure that what gets stored would be used.

    Raises:
        Refused: a setting supplies a token, and goes before whatever is stored.
    """
    if app.settings.token is not None:
        raise Refused(
            f"{app.setting_origins['token']} supplies the token already",
            hint="unset it, then run the command again",
        )


def is_first(app: App) -> bool:
    """Whether nobody is signed in yet; what is damaged will be written anew."""

    try:
        return app.account is None
    except NotSignedIn:
        app.use_account(None)
        return True


def issuer(app: App, url: str | None, env_file: str | None) -> Issuer:
    """Where to sign in, by the first that says so: the command, the settings, the last time.

    Raises:
        BadValue: nothing does, or it cannot be such an address.
    """
    if env_file is not None:
        url = _in_file(app, env_file)
    if url is not None:
        return app.profile.issuer_at(url)
    if app.issuer is None:
        raise BadValue("it is not known where to sign in", hint=EXAMPLE)
    return app.issuer


def _in_file(app: App, name: str) -> str:
    from neontodo.cli.address import variables_of

    values = variables_of(app, name)
    for variable in VARIABLES:
        if url := values.get(variable):
            return url
    raise BadValue(f"`{name}` names nowhere to sign in", hint=f"looked for {', '.join(VARIABLES)}")


def signed_in(app: App, issuer: Issuer, email: str | None, *, by_token: bool) -> Account:
    """The account, after it was proved to be the person's; only then is anything stored."""
    from neontodo.accounts import account
    from neontodo.cli.prompt import asked_unseen

    credential: str | Session
    if by_token:
        credential = asked_unseen(app, "token (it will not be shown):").strip()
        if not credential:
            raise BadValue("there is no token on standard input")
    elif email is not None or issuer.is_neon_auth:
        credential = _by_password(app, issuer, email)
    else:
        credential = _by_code(app, issuer)
    app.renew_clock()
    return app.run(account.sign_in(app.folder, app.secrets, issuer, credential, app.http, app.now))


def _by_password(app: App, issuer: Issuer, email: str | None) -> Session:
    from neontodo.accounts.issuers import better_auth
    from neontodo.cli.prompt import answered, asked_unseen

    if email is None and not app.streams.interactive:
        raise BadValue(
            "Neon Auth has no codes for a browser, and there is no terminal to ask on",
            hint="`--email ADDRESS` says who you are; the password comes from standard input",
        )
    address = email or answered(app, "e-mail address:")
    if not address:
        raise Refused("nothing was changed")
    password = asked_unseen(app, f"password of {address} (it will not be shown):").rstrip("\r\n")
    if not password:
        raise BadValue("the password is empty", hint="type it, or give it on standard input")

    async def sign_in() -> Session:
        async with app.http() as http:
            return await better_auth.sign_in_by_email(http, issuer, address, password)

    return app.run(sign_in())


def _by_code(app: App, issuer: Issuer) -> Session:
    """Show a code, and wait until it was entered in a browser."""
    from neontodo.accounts.issuers import device_flow
    from neontodo.accounts.issuers.better_auth import Session
    from neontodo.streams import Notice

    async def begin() -> DeviceCode:
        async with app.http() as http:
            return await device_flow.begin(http, issuer)

    async def poll(code: DeviceCode) -> Session:
        async with app.http() as http:
            return Session(await device_flow.poll(http, issuer, code))

    code = app.run(begin())
    _show(app, issuer, code)
    notice = Notice(app.streams)
    notice.show("waiting for you to allow it; Ctrl-C gives up")
    try:
        return app.run(poll(code))
    finally:
        notice.show("")


def _show(app: App, issuer: Issuer, code: DeviceCode) -> None:
    """Show the page and the code; open the page, and no other, for who wants that."""
    from neontodo.accounts.issuers.issuer import origin_of
    from neontodo.cli.prompt import answered
    from neontodo.render.messages import say, warn

    say(app.streams, f"open {code.verification_uri}")
    say(app.streams, f"and enter the code {code.user_code}")
    question = "open it here now? [y/N]"
    if (origin := origin_of(code.verification_uri)) != issuer.origin:
        host = origin.partition("://")[2]
        warn(app.streams, f"that page is on {host}, and you sign in at {issuer.host}")
        question = f"open a page of {host} here now? [y/N]"
    if app.streams.interactive and answered(app, question).lower() in ("y", "yes"):
        import webbrowser

        if not webbrowser.open(code.verification_uri_complete or code.verification_uri):
            say(app.streams, "no browser could be opened")


def introduce(app: App, *, is_first: bool) -> None:
    """Let the store know who it is, and say what might surprise of the store."""
    from neontodo.render.messages import hint, warn

    target, has_tasks = app.target, False
    try:
        app.run(app.introduce())
        has_tasks = app.run(_had_tasks(app))
    except TodoError as problem:
        warn(app.streams, f"{target.display}: {problem.message}")
        if problem.hint:
            hint(app.streams, problem.hint)
    if is_first and has_tasks:
        hint(app.streams, "tasks from before are this machine's own user's: see `todo logout`")


async def _had_tasks(app: App) -> bool:
    """Whether this machine's own user, another one, ever had a task in the store in use."""
    from neontodo.accounts import machine_key
    from neontodo.cli.moving import had_tasks

    connected = app.connection.machine if app.connection is not None else None
    own = connected or machine_key.load(app.folder)
    if own is None or (app.account is not None and own.user_id == app.account.user_id):
        return False
    return await had_tasks(app.database, own.user_id)
