"""The task that a command is about, read before it does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskPublic
    from neontodo.tasks.references import Refs


def only(app: App, refs: Refs) -> TaskPublic:
    """The one task that references name; TaskNotFound if they name several."""
    from neontodo.tasks import lookup
    from neontodo.tasks.state import take_snapshot

    found = app.run(app.read(lambda s, me: lookup.resolve_one(s, me.user_id, me.key_id, refs)))
    return take_snapshot(found)
