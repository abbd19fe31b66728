"""`todo rm`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands
from neontodo.errors import limit_lines

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import Task
    from neontodo.tasks.references import Refs

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest(options.Changing):
    """Tasks to be removed, and whether to ask before."""

    tasks: options.Tasks
    yes: options.Yes = False


def run_rm(app: App, request: RemoveRequest) -> None:
    """Remove tasks after confirmation; `todo undo` restores them."""
    from neontodo.cli.output import run_change
    from neontodo.tasks import service
    from neontodo.tasks.references import parse_refs

    refs = parse_refs(request.tasks)
    if not (request.yes or request.dry_run):
        refs = _confirm_removal(app, refs)
    run_change(app, request, lambda unit: service.remove(unit, refs), "removed")


def _confirm_removal(app: App, refs: Refs) -> Refs:
    """The tasks that a person agreed to remove, by their whole ids: no other can be hit."""
    from neontodo.cli.prompt import confirm, require_terminal
    from neontodo.tasks.lookup import resolve_refs
    from neontodo.tasks.references import parse_refs

    require_terminal(app)
    found = app.run(app.read(lambda s, me: resolve_refs(s, me.user_id, me.key_id, refs)))
    # The answer may take long: no connection is kept open meanwhile.
    app.run(app.database.close())
    confirm(app, _build_question(app, found))
    app.renew_clock()
    return parse_refs([_whole_id(task) for task in found])


def _whole_id(task: Task) -> str:
    """Its whole id; in a store that plain SQL has written to, there may be none."""
    from uuid import UUID

    return str(task.id if isinstance(task.id, UUID) else task.number)


def _build_question(app: App, found: list[Task]) -> str:
    """What to ask; the titles of several tasks are listed above it."""
    from neontodo.render.messages import print_message

    if len(found) == 1:
        return f"remove {found[0].number}: {found[0].title}?"
    lines = [f"{task.number}  {task.title}" for task in found[:SHOWN]]
    for line in limit_lines(lines, len(found)):
        print_message(app.streams, line)
    return f"remove these {len(found)} tasks?"


COMMANDS: Commands = {"rm": (RemoveRequest, run_rm)}
