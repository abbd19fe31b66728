"""Which store is in use and why, and the way back to the embedded one; no server is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neontodo.app import App


def show(app: App, *, as_json: bool) -> None:
    """Print the store, who chose it, and where its secrets lie."""
    from neontodo.cli.output import choose_output
    from neontodo.render.listing import print_pairs

    facts = _facts(app)
    shown = [(name.replace("_", " "), value) for name, value in facts.items() if value]
    print_pairs(choose_output(app, json=as_json), facts, shown=shown)


def _facts(app: App) -> dict[str, str | None]:
    """The documented names in their documented order; absent is null."""
    from neontodo.accounts import connection

    last = connection.place(app.folder)
    chosen_by = app.setting_origins.get("database_url")
    in_use = chosen_by is None and last is not None and last.current
    target = None if in_use else app.target
    key = last.store if in_use and last else getattr(target, "key", None)
    return {
        "store": last.display if in_use and last else target.display if target else None,
        "engine": "postgresql" if key else "sqlite",
        "chosen_by": chosen_by or ("todo connect" if in_use else "default"),
        "secrets_in": connection.where(app.secrets, key) if key else None,
        "connected_before": last.display if last and not in_use else None,
    }


def leave(app: App, *, forget: bool) -> None:
    """Use the embedded store again; with `forget` nothing of the connection is kept."""
    from neontodo.accounts import connection
    from neontodo.environment import STORE
    from neontodo.render.messages import hint, say, warn

    was_away, left = connection.leave(app.folder)
    last = connection.place(app.folder)
    if last is not None and forget:
        connection.forget(app.folder, app.secrets, last.store)
        say(app.streams, f"removed what was stored of {last.display}")
    elif forget and was_away:
        warn(app.streams, "which database it was cannot be read any more, so its URL stays stored")
    again = "again" if was_away else "already"
    say(app.streams, f"the embedded store {app.folder / STORE} is in use {again}")
    if left is not None and not forget:
        hint(app.streams, f"`todo connect` goes back to {left.display}")
    warn_overruled(app)


def warn_overruled(app: App) -> bool:
    """Whether another store is set, which is then in use all the same; say so, and of a token."""
    from neontodo.render.messages import warn

    if app.settings.token is not None:
        warn(app.streams, f"{app.setting_origins['token']} is set and goes on saying who you are")
    if app.settings.database_url is None:
        return False
    warn(app.streams, f"{app.setting_origins['database_url']} is set and goes before it")
    return True
