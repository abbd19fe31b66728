"""From the words of a command that changes tasks to the tasks that it changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.errors import BadValue, limit_lines
from neontodo.tasks.lookup import Chosen, Filtered, list_candidates, resolve_chosen
from neontodo.tasks.references import parse_refs

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.commands.edit import EditRequest
    from neontodo.cli.options import Choosing
    from neontodo.models import Task

SHOWN = 5
_EXAMPLE = "write a number (`12`), a range (`3-5`) or a filter (`+home due:today`)"


def choose_tasks(
    app: App,
    request: Choosing | EditRequest,
    verb: str,
    *,
    completed: bool = False,
    always_ask: bool = False,
) -> Chosen:
    """Return what a request chooses; a person is asked before a filter changes tasks.

    `verb` is for the question, as `remove`; `always_ask` is for references, too. A filter chooses
    what `todo list` shows for the same words, or `todo list --done` with `completed`. Words that
    are neither a reference nor a filter choose nothing, so that a forgotten quote cannot change
    the wrong task: the tasks that they may mean are shown.
    """
    from neontodo.cli.filters import divide_words, hide_waiting, read_filter
    from neontodo.tasks.filters import EVERY, TaskFilter

    named, filters = divide_words(request.tasks)
    if bare := [word for word in named if _is_text(word)]:
        return _offer_match(app, request, bare, verb, completed)
    refs = parse_refs(named) if named else None
    needs_answer = not (request.yes or request.dry_run)
    if refs and not filters and request.filter_ is None:
        return _confirm_tasks(app, refs, verb) if always_ask and needs_answer else refs
    parsed = read_filter(app, filters, request.filter_)
    if parsed.condition == EVERY and refs is None and not request.all_:
        if filters or request.filter_ is not None:
            raise BadValue("the filter matches every task", hint="`--all` changes all of them")
        raise BadValue("no task was named", hint=_EXAMPLE)
    hidden = hide_waiting(app, parsed, None if request.all_ else completed)
    status = None if request.all_ or parsed.chooses_status else completed
    wanted = TaskFilter(status, parsed.condition, hidden)
    chosen = Filtered(wanted, refs)
    return _confirm_tasks(app, chosen, verb) if needs_answer else chosen


def _confirm_tasks(app: App, chosen: Chosen, verb: str) -> Chosen:
    """Return the tasks that a person agreed to change, by their whole ids: no other can be hit."""
    from neontodo.cli.prompt import confirm, require_terminal

    require_terminal(app)
    found = app.run(app.read(lambda s, me: resolve_chosen(s, me.user_id, me.key_id, chosen)))
    if not found:
        return chosen
    # The answer may take long: no connection is kept open meanwhile.
    app.run(app.database.close())
    confirm(app, _build_question(app, found, verb))
    app.renew_clock()
    return parse_refs([_whole_id(task) for task in found])


def _is_text(word: str) -> bool:
    """Return whether a word has what no reference has."""
    return word != "@last" and re.search("[^-0-9a-fA-F, ]", word) is not None


def _offer_match(
    app: App, request: Choosing | EditRequest, words: Sequence[str], verb: str, completed: bool
) -> Chosen:
    """Ask whether the only task with these words in its title is meant; else refuse them."""
    from neontodo.tasks.filters import AllOf, Contains, TaskFilter
    from neontodo.tasks.queries.tasks import fetch_page
    from neontodo.tasks.search_text import fold_query

    text = " ".join(words)
    parts = tuple(Contains(word, in_title=True) for word in fold_query(text))
    wanted = TaskFilter(completed=completed, condition=AllOf(parts), limit=SHOWN)
    page = app.run(app.read(lambda session, me: fetch_page(session, me.user_id, wanted)))
    is_only = page.total == 1 and len(request.tasks or ()) == len(words)
    if is_only and app.streams.is_interactive and not request.dry_run:
        return _confirm_tasks(app, parse_refs([str(page.tasks[0].id)]), verb)
    raise BadValue(
        f"`{text}` names no task",
        details=limit_lines(list_candidates(page.tasks), page.total),
        hint=f"name it by its number, or choose by words: `text:{words[0]}`",
    )


def _build_question(app: App, found: Sequence[Task], verb: str) -> str:
    """Return what to ask; the titles of several tasks are listed above it."""
    from neontodo.render.messages import print_message

    if len(found) == 1:
        return f"{verb} {found[0].number}: {found[0].title}?"
    lines = [f"{task.number}  {task.title}" for task in found[:SHOWN]]
    for line in limit_lines(lines, len(found)):
        print_message(app.streams, line)
    return f"{verb} these {len(found)} tasks?"


def _whole_id(task: Task) -> str:
    """Return the whole id; in a store that plain SQL has written to, there may be none."""
    from uuid import UUID

    return str(task.id if isinstance(task.id, UUID) else task.number)
