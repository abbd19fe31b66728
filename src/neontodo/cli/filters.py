"""From the words and options of a command to the tasks that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.cli.field_values import collect_fields
from neontodo.errors import BadValue
from neontodo.tasks.filters import AllOf, Condition, Contains, Equals, ParsedFilter, build_waiting

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.tasks.results import SavedView

_CHOSEN = "`todo view use`"


def read_filter(
    app: App,
    words: Sequence[str] | None,
    expression: str | None,
    options: object = None,
    view: SavedView | None = None,
) -> ParsedFilter:
    """Return what filter words, an expression, field options and a view say together."""
    given = collect_fields(options)
    if not (words or expression is not None or any(given.values()) or view):
        return ParsedFilter()
    from neontodo.tasks import filter_language

    def fetch_filters() -> dict[str, str]:
        return {name: saved.filter for name, saved in app.load_views().items()}

    moment = filter_language.Moment(app.now, app.tz)
    parsed = []
    if words:
        parsed.append(filter_language.parse_filter(words, moment, fetch_filters))
    if expression is not None:
        parsed.append(filter_language.parse_expression(expression, moment, fetch_filters))
    if view is not None:
        parsed.append(filter_language.parse_filter([f"view:{view.name}"], moment, fetch_filters))
    conditions = [
        *filter_language.parse_options(given, moment),
        *(part.condition for part in parsed),
    ]
    return ParsedFilter(
        AllOf(list_parts(AllOf(tuple(conditions)))),
        any(part.chooses_status for part in parsed),
        any(part.chooses_waiting for part in parsed),
    )


def find_view_in_use(app: App) -> tuple[str | None, str]:
    """Return the name of the view in use, None if none is, and where that was chosen.

    TODO_VIEW goes before what `todo view use` chose on this machine, and that before the file of
    settings.
    """
    from neontodo.settings import NO_VIEW, variable_name

    variable = variable_name("view")
    name, origin = app.settings.view, app.setting_origins.get("view", "")
    if origin != variable and (chosen := app.profile.load_view()):
        name, origin = chosen, _CHOSEN
    return (None if name in ("", NO_VIEW) else name), origin


def load_view_in_use(app: App, *, no_view: bool) -> SavedView | None:
    """Return the view that lists are narrowed by; BadValue if the one in use is not there."""
    if no_view:
        return None
    name, origin = find_view_in_use(app)
    if name is None:
        return None
    if (view := app.load_views().get(name)) is None:
        is_chosen = origin == _CHOSEN
        command = "`todo view use none` ends that" if is_chosen else "`todo view list` lists them"
        raise BadValue(
            f"there is no view `{name}`, which {origin} says to use",
            hint=f"`--no-view` goes without one; {command}",
        )
    return view


def say_view(app: App, view: SavedView | None) -> None:
    """Say which view what was shown is narrowed by."""
    from neontodo.render.messages import say

    if view is not None:
        say(app.streams, f"view {view.name}")


def find_sort(app: App, words: Sequence[str] | None, view: SavedView | None) -> str | None:
    """Return the order of the only view that filter words name, else of the view in use."""
    named = [word for word in words or () if word.lower().startswith("view:")]
    if len(named) == 1:
        view = app.load_views().get(named[0][len("view:") :]) or view
    return view.sort if view is not None else None


def hide_waiting(app: App, parsed: ParsedFilter, completed: bool | None) -> Condition | None:
    """Return what is left out where nothing is said of it: pending tasks that wait to start.

    `completed` says which tasks are meant where the filter does not; done tasks do not wait.
    """
    if completed is not False or parsed.chooses_waiting:
        return None
    waiting = build_waiting(app.now.astimezone(app.tz))
    return AllOf((Equals("completed", False), waiting)) if parsed.chooses_status else waiting


def divide_words(words: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Return the words that can be references, and those that can only be meant as a filter."""
    from neontodo.tasks.filter_language import is_filter

    given = words or []
    return [word for word in given if not is_filter(word)], [w for w in given if is_filter(w)]


def list_parts(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions that must all be met, without those that say nothing."""
    if not isinstance(condition, AllOf):
        return (condition,)
    return tuple(part for each in condition.parts for part in list_parts(each))


def split_words(condition: Condition) -> tuple[tuple[str, ...], Condition]:
    """Return the texts that every task has to have, which rank what is found, and the rest."""
    parts = list_parts(condition)
    words = (part.text for part in parts if isinstance(part, Contains) and not part.in_title)
    rest = (part for part in parts if not isinstance(part, Contains) or part.in_title)
    return tuple(dict.fromkeys(words)), AllOf(tuple(rest))
