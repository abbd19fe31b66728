"""`todo login`, `todo logout` and `todo profiles`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import BadValue, Declined, NotSignedIn, TodoError

if TYPE_CHECKING:
    from neontodo.accounts.account_file import Account
    from neontodo.accounts.issuers.better_auth import IssuerSession
    from neontodo.accounts.issuers.device_flow import DeviceCode
    from neontodo.accounts.issuers.issuer import Issuer
    from neontodo.app import App

VARIABLES = ("BETTER_AUTH_URL", "NEON_AUTH_BASE_URL")
EXAMPLE = "`todo login https://app.example.com/api/auth` names your own"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """Where to sign in, and by which way."""

    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="Where to sign in, such as https://app.example.com/api/auth; left out, it is "
            "`auth_url` of the settings, or where you signed in before.",
            show_default=False,
        ),
    ] = None
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Sign in by e-mail address and password, which is asked for."
        ),
    ] = None
    token: Annotated[
        str | None,
        typer.Option(metavar="-", help="Sign in with a token, read from standard input."),
    ] = None
    env_file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            path_type=str,
            help="Take the URL from BETTER_AUTH_URL or NEON_AUTH_BASE_URL of this file.",
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.token not in (None, "-"):
            raise typer.BadParameter(
                "a token in the arguments is visible in the process list; `--token -` reads it "
                "from standard input"
            )
        if self.email is not None and self.token is not None:
            raise typer.BadParameter("choose one: `--email` or `--token`")
        if self.url is not None and self.env_file is not None:
            raise typer.BadParameter("name a URL or `--env-file`, not both")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """The account that is signed in."""

    forget: Annotated[
        bool,
        typer.Option("--forget", help="Be this machine's own user again, signed in or not."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilesRequest(options.Printing):
    """All profiles."""

    quiet: options.QuietNames = False


def run_login(app: App, request: LoginRequest) -> None:
    """Sign in with Better Auth, Neon Auth or another issuer of tokens.

    Without an option you get a code to enter in a browser, on this machine or another.
    A database of your own needs no account: `todo connect` is enough.
    """
    from neontodo.cli.connecting import require_no_given_token
    from neontodo.render.messages import say

    app.profile.may_be_new = True
    require_no_given_token(app)
    try:
        is_first = app.profile.last_account is None
    except NotSignedIn:
        # What is damaged will be written anew.
        app.profile.last_account = None
        is_first = True
    issuer = _choose_issuer(app, request)
    account = _sign_in(app, issuer, request)
    app.profile.last_account = account
    say(app.streams, f"signed in as {account.label} at {issuer.url}")
    _ensure_user_known(app, is_first=is_first)


def _choose_issuer(app: App, request: LoginRequest) -> Issuer:
    """Return where to sign in: by the command, else the settings, else as the last time."""
    from neontodo.cli.connecting import read_env_file

    url = request.url
    if request.env_file is not None:
        values = read_env_file(app, request.env_file)
        found = [text for variable in VARIABLES if (text := values.get(variable))]
        if not found:
            raise BadValue(
                f"`{request.env_file}` has no sign-in address",
                hint=f"looked for {', '.join(VARIABLES)}",
            )
        url = found[0]
    if url is not None:
        return app.profile.issuer_at(url)
    if app.profile.issuer is None:
        raise BadValue("no sign-in address is set", hint=EXAMPLE)
    return app.profile.issuer


def _sign_in(app: App, issuer: Issuer, request: LoginRequest) -> Account:
    """Return the account, after it was proved to be the person's; only then is anything stored."""
    from neontodo.accounts.account import sign_in
    from neontodo.cli.prompt import ask_secret

    credential: str | IssuerSession
    if request.token is not None:
        credential = ask_secret(app, "token (it will not be shown):").strip()
        if not credential:
            raise BadValue("there is no token on standard input")
    elif request.email is not None or issuer.is_neon_auth:
        credential = _sign_in_by_password(app, issuer, request.email)
    else:
        credential = _sign_in_by_code(app, issuer)
    app.renew_clock()
    return app.run(sign_in(app.folder, app.secrets, issuer, credential, app.http, app.now))


def _sign_in_by_password(app: App, issuer: Issuer, email: str | None) -> IssuerSession:
    from neontodo.accounts.issuers import better_auth
    from neontodo.cli.prompt import ask, ask_secret

    if email is None and not app.streams.is_interactive:
        raise BadValue(
            "Neon Auth has no codes for a browser, and there is no terminal to ask on",
            hint="pass `--email ADDRESS`, and the password on standard input",
        )
    address = email or ask(app, "e-mail address:")
    if not address:
        raise Declined("nothing was changed")
    password = ask_secret(app, f"password of {address} (it will not be shown):").rstrip("\r\n")
    if not password:
        raise BadValue("the password is empty", hint="type it, or give it on standard input")

    async def sign_in() -> IssuerSession:
        async with app.http() as http:
            return await better_auth.sign_in_by_email(http, issuer, address, password)

    return app.run(sign_in())


def _sign_in_by_code(app: App, issuer: Issuer) -> IssuerSession:
    """Show a code, and wait until it was entered in a browser."""
    from neontodo.accounts.issuers import device_flow
    from neontodo.accounts.issuers.better_auth import IssuerSession
    from neontodo.streams import Notice

    async def begin() -> DeviceCode:
        async with app.http() as http:
            return await device_flow.request_code(http, issuer)

    async def poll(code: DeviceCode) -> IssuerSession:
        async with app.http() as http:
            return IssuerSession(await device_flow.wait_for_token(http, issuer, code))

    code = app.run(begin())
    _show_code(app, issuer, code)
    notice = Notice(app.streams)
    notice.show("waiting for your approval; Ctrl-C cancels")
    try:
        return app.run(poll(code))
    finally:
        notice.show("")


def _show_code(app: App, issuer: Issuer, code: DeviceCode) -> None:
    """Show the page and the code; open the page, and no other, for who wants that."""
    from neontodo.accounts.issuers.issuer import parse_origin
    from neontodo.cli.prompt import ask
    from neontodo.render.messages import say, warn

    say(app.streams, f"open {code.verification_uri}")
    say(app.streams, f"and enter the code {code.user_code}")
    question = "open it here now? [y/N]"
    if (origin := parse_origin(code.verification_uri)) != issuer.origin:
        host = origin.partition("://")[2]
        warn(app.streams, f"that page is on {host}, and you sign in at {issuer.host}")
        question = f"open a page of {host} here now? [y/N]"
    if app.streams.is_interactive and ask(app, question).lower() in ("y", "yes"):
        import webbrowser

        if not webbrowser.open(code.verification_uri_complete or code.verification_uri):
            say(app.streams, "no browser could be opened")


def _ensure_user_known(app: App, *, is_first: bool) -> None:
    """Let the store know who it is, and say what might surprise of the store."""
    from neontodo.render.messages import hint, warn

    has_other_tasks = False
    try:
        app.run(app.ensure_user_known())
        has_other_tasks = app.run(_has_machine_tasks(app))
    except TodoError as problem:
        warn(app.streams, f"{app.target.display}: {problem.message}")
        if problem.hint:
            hint(app.streams, problem.hint)
    if is_first and has_other_tasks:
        hint(
            app.streams,
            "tasks added before are this machine's own user's; `todo logout --forget` shows them",
        )


async def _has_machine_tasks(app: App) -> bool:
    """Whether this machine's own user, another one, ever had a task in the store in use."""
    from neontodo.accounts import machine_keys
    from neontodo.accounts.move import has_had_tasks

    connected, account = app.profile.connected_database, app.account
    machine_key = (connected and connected.machine_key) or machine_keys.load_machine_key(app.folder)
    if machine_key is None or (account is not None and machine_key.user_id == account.user_id):
        return False
    return await has_had_tasks(app.database, machine_key.user_id)


def run_logout(app: App, request: LogoutRequest) -> None:
    """Sign out: end the session and remove every secret stored for it.

    Tasks stay where they are. Afterwards no command runs as anybody, until `todo login`, or until
    --forget makes you this machine's own user again.
    """
    from neontodo.accounts.account import sign_out
    from neontodo.accounts.account_file import SIGNED_OUT_HINT
    from neontodo.render.messages import hint, say, warn

    if app.settings.token is not None:
        warn(app.streams, f"{app.setting_origins['token']} is set and still supplies a token")
    whose = None
    try:
        account = app.profile.last_account
        whose = account and account.label
    except NotSignedIn as damage:
        say(app.streams, damage.message + ("; it is removed" if request.forget else ""))
        account, whose = None, "the account"
    urls, problems = app.run(
        sign_out(app.folder, app.secrets, account, app.http, forget=request.forget)
    )
    for url in urls:
        say(app.streams, f"signed out of {url}")
    if not urls:
        say(app.streams, "you are not signed in anywhere")
    if whose is not None and request.forget:
        app.notify(
            f"the tasks of {whose} stay in {app.target.display}; "
            "from now on you are this machine's own user"
        )
    elif whose is not None:
        hint(app.streams, SIGNED_OUT_HINT)
    _mention_database_key(app)
    for problem in problems:
        raise problem


def _mention_database_key(app: App) -> None:
    """Say how this machine's own key in the connected database is removed, if it has one."""
    from neontodo.render.messages import hint

    connected = app.profile.connected_database
    if connected is not None and connected.machine_key is not None:
        hint(
            app.streams,
            f"{connected.display} still knows this machine's own key, as "
            f"{connected.machine_key.name}: `todo connect --local --forget` removes it",
        )


def run_profiles(app: App, request: ProfilesRequest) -> None:
    """List your accounts and stores on this machine; `--profile` or TODO_PROFILE chooses one."""
    from neontodo.accounts.profiles import list_profiles
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_profiles

    found = list_profiles(app.settings.data_dir, app.settings.profile)
    print_profiles(choose_output(app, json=request.json, quiet=request.quiet), found)


COMMANDS: Commands = {
    "login": (LoginRequest, run_login),
    "logout": (LogoutRequest, run_logout),
    "profiles": (ProfilesRequest, run_profiles),
}
