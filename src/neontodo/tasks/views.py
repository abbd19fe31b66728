"""Saving and removing views, the filters that have a name.

They are not in the log, so undo knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from neontodo.errors import BadValue, Refused, ViewNotFound
from neontodo.models import VIEW_FILTER_MAX, VIEW_NAME_MAX
from neontodo.settings import NO_VIEW
from neontodo.tasks.filter_language import (
    Moment,
    Views,
    parse_expression,
    parse_filter,
    write_expression,
)
from neontodo.tasks.filters import ParsedFilter, find_similar_name, parse_sort
from neontodo.tasks.queries import views as queries
from neontodo.tasks.results import SavedView
from neontodo.tasks.unit_of_work import UnitOfWork

VIEWS_MAX = 200


@dataclass(frozen=True)
class NewView:
    """A view to be saved: the words of its filter, a whole expression in addition, its order.

    Raises:
        BadValue: it cannot have its name or order, or there is nothing to save.
    """

    name: str
    words: Sequence[str]
    expression: str | None
    sort: str | None

    def __post_init__(self) -> None:
        is_word = self.name.isprintable() and not set(self.name) & set(' ,:()"')
        is_option = self.name.startswith("-")
        if is_option or not (is_word and 0 < len(self.name) <= VIEW_NAME_MAX):
            raise BadValue(
                f"`{self.name}` is not a name for a view",
                hint=f"it has 1 to {VIEW_NAME_MAX} characters, no `-` at the beginning, and no "
                "space, comma, colon, quote or parenthesis",
            )
        if self.name == NO_VIEW:
            raise BadValue(f"no view is called `{NO_VIEW}`: `todo view use {NO_VIEW}` uses none")
        if self.sort is not None:
            parse_sort(self.sort)
        elif not self.words and self.expression is None:
            raise BadValue(
                f"the view `{self.name}` has neither a filter nor an order",
                hint=f"for example `todo view save {self.name} project:work --sort priority`",
            )

    def write_filter(self) -> str:
        """Return the filter as one expression; empty if every task is in the view."""
        texts = [write_expression(self.words)] if self.words else []
        texts += [] if self.expression is None else [self.expression.strip()]
        return texts[0] if len(texts) == 1 else " ".join(f"({text})" for text in texts)


async def save(unit: UnitOfWork, new: NewView, moment: Moment) -> SavedView | None:
    """Save a view, and return what it replaces, if that was another one.

    Raises:
        BadValue: the filter cannot be read, is too long, or uses itself.
        Refused: there are too many views.
    """
    await unit.start()
    there = await queries.fetch_views(unit.session, unit.user_id)
    _check_filter(new, moment, {name: view.filter for name, view in there.items()})
    view, before = SavedView(new.name, new.write_filter(), new.sort), there.get(new.name)
    if before is not None:
        await queries.update_view(unit.session, unit.user_id, view)
    elif len(there) < VIEWS_MAX:
        await queries.insert_views(unit.session, unit.user_id, [view])
    else:
        hint = "`todo view rm NAME` removes one"
        raise Refused(f"there are {VIEWS_MAX} views already", hint=hint)
    return None if before == view else before


def _check_filter(new: NewView, moment: Moment, there: dict[str, str]) -> None:
    """Raise BadValue if a filter cannot be read, beside the views that are there, or be kept."""

    def views() -> dict[str, str]:
        return there

    if new.expression is not None:
        parse_expression(new.expression, moment, views)
    if new.words:
        said = parse_filter(new.words, moment, views)
        if _read_again(write_expression(new.words), moment, views) != said:
            typed = " ".join(new.words)
            raise BadValue(f"`{typed}` cannot be saved with its quotes", hint="leave them out")
    text = new.write_filter()
    if len(text) > VIEW_FILTER_MAX:
        raise BadValue(f"the filter has more than {VIEW_FILTER_MAX:,} characters")
    there[new.name] = text
    parse_filter([f"view:{new.name}"], moment, views)


def _read_again(text: str, moment: Moment, views: Views) -> ParsedFilter | None:
    try:
        return parse_expression(text, moment, views)
    except BadValue:
        return None


async def add_missing_views(unit: UnitOfWork, saved: Mapping[str, SavedView]) -> None:
    """Add views whose names are not there, if there is room; the unit has been started."""
    there = await queries.fetch_views(unit.session, unit.user_id)
    missing = [view for name, view in saved.items() if name not in there]
    if len(there) + len(missing) <= VIEWS_MAX:
        await queries.insert_views(unit.session, unit.user_id, missing)


async def remove(unit: UnitOfWork, names: Collection[str]) -> list[SavedView]:
    """Remove views, all or none, and return what they were.

    Raises:
        ViewNotFound: one of them is not there.
    """
    await unit.start()
    there = await queries.fetch_views(unit.session, unit.user_id)
    for name in names:
        # An earlier try of the same command may have removed it.
        if not unit.sent_before:
            require_view(name, there)
    await queries.delete_views(unit.session, unit.user_id, names)
    return [there[name] for name in dict.fromkeys(names) if name in there]


def require_view(name: str, there: Mapping[str, SavedView]) -> SavedView:
    """Return the view of a name, or raise ViewNotFound."""
    if name in there:
        return there[name]
    near = find_similar_name(name, there)
    hint = f"did you mean `{near}`?" if near else "`todo view list` lists the views"
    raise ViewNotFound(f"there is no view `{name}`", hint=hint)
