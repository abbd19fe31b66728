"""`todo login`, `todo logout` and `todo profiles`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import options
from neontodo.errors import NotSignedIn, StoreUnavailable, TodoError

if TYPE_CHECKING:
    from neontodo.app import App


def login(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="Where to sign in, such as https://app.example.com/api/auth; left out, it is "
            "`auth_url` of the settings, or where you signed in before.",
            show_default=False,
        ),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Sign in by e-mail address and password, which is asked for."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="-", help="Sign in with a token, read from standard input."),
    ] = None,
    env_file: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Take the URL from BETTER_AUTH_URL or NEON_AUTH_BASE_URL of this file.",
        ),
    ] = None,
) -> None:
    """Sign in with Better Auth, Neon Auth or another issuer of tokens.

    Without an option you get a code to enter in a browser, on this machine or another.
    Who keeps a database of their own needs no account: `todo connect` is enough.
    """
    from neontodo.cli import signing_in
    from neontodo.render.messages import say

    app: App = ctx.obj
    _require_sense(url, email, token, env_file)
    app.allow_new_profile()
    signing_in.require_unsupplied(app)
    is_first = signing_in.is_first(app)
    issuer = signing_in.issuer(app, url, env_file)
    account = signing_in.signed_in(app, issuer, email, by_token=token is not None)
    app.use_account(account)
    say(app.streams, f"signed in as {account.label} at {issuer.url}")
    signing_in.introduce(app, is_first=is_first)


def _require_sense(
    url: str | None, email: str | None, token: str | None, env_file: str | None
) -> None:
    """Refuse options that mean nothing together, and secrets among them."""
    if token not in (None, "-"):
        raise typer.BadParameter(
            "a token among the arguments shows in the list of processes; `--token -` reads it "
            "from standard input"
        )
    if email is not None and not email.strip():
        raise typer.BadParameter("the address after `--email` is empty")
    if email is not None and token is not None:
        raise typer.BadParameter("choose one: `--email` or `--token`")
    if url is not None and env_file is not None:
        raise typer.BadParameter("name a URL or `--env-file`, not both")


def logout(ctx: typer.Context) -> None:
    """End the session, and forget everything that signing in has stored.

    Tasks stay where they are. Afterwards this machine is the user it was before.
    """
    from neontodo.accounts import signed_in
    from neontodo.render.messages import hint, say, warn

    app: App = ctx.obj
    if app.settings.token is not None:
        warn(app.streams, f"{app.setting_origins['token']} is set and goes on supplying a token")
    try:
        account = app.account
    except NotSignedIn as damage:
        say(app.streams, f"{damage.message}; it is removed")
        account = None
    # Without an account: what an interrupted sign-in, or a removed `account.json`, has left.
    urls = signed_in.sessions(app.secrets) if account is None else [account.issuer.url]
    has_session = account is None or account.method == "session"
    problems = [_ended(app, url) for url in urls] if has_session else []
    signed_in.forget(app.folder, app.secrets)
    if not urls:
        say(app.streams, "you are not signed in anywhere")
        return
    for url in urls:
        say(app.streams, f"signed out of {url}")
    if (mine := app.connection) is not None and mine.machine is not None:
        hint(
            app.streams,
            f"{mine.display} still knows this machine's own key, as {mine.machine.name}: "
            "`todo connect --local --forget` removes it",
        )
    for problem in problems:
        if problem is not None:
            raise problem


def _ended(app: App, url: str) -> TodoError | None:
    """End the session at the issuer; why it could not be."""
    from neontodo.accounts import signed_in
    from neontodo.accounts.issuers import better_auth
    from neontodo.accounts.issuers.issuer import issuer_at

    issuer = issuer_at(url)
    app.secrets.make_private(signed_in.secret_name(issuer))
    try:
        session = signed_in.session_of(app.secrets, issuer)
    except NotSignedIn as error:
        return _not_ended(error)

    async def end() -> None:
        async with app.http() as http:
            await better_auth.sign_out(http, issuer, session)

    try:
        app.run(end())
    except TodoError as error:
        return _not_ended(error)
    return None


def _not_ended(reason: TodoError) -> StoreUnavailable:
    return StoreUnavailable(
        f"the session could not be ended there: {reason.message}",
        hint="nothing of it is stored here any more, and it ends by itself",
    )


def profiles(
    ctx: typer.Context,
    json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print names only.")] = False,
    color: options.Color = "auto",
) -> None:
    """List your accounts and stores on this machine; `--profile` or TODO_PROFILE chooses one."""
    from neontodo.accounts.profiles import listed
    from neontodo.cli.output import choose_output
    from neontodo.render.accounts import print_profiles

    app: App = ctx.obj
    found = listed(app.settings.data_dir, app.settings.profile)
    print_profiles(choose_output(app, json=json, quiet=quiet), found)
