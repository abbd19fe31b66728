"""From the words and options of a command to the tasks that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from neontodo.cli.field_values import collect_fields
from neontodo.tasks.filters import AllOf, Condition, Contains, ParsedFilter

if TYPE_CHECKING:
    from neontodo.app import App


def read_filter(
    app: App, words: Sequence[str] | None, expression: str | None, options: object = None
) -> ParsedFilter:
    """Return what filter words, an expression and the field options of a request say together."""
    given = collect_fields(options)
    if not (words or expression is not None or any(given.values())):
        return ParsedFilter()
    from neontodo.tasks import filter_language

    moment = filter_language.Moment(app.now, app.tz)
    parsed = []
    if words:
        parsed.append(filter_language.parse_filter(words, moment))
    if expression is not None:
        parsed.append(filter_language.parse_expression(expression, moment))
    conditions = [
        *filter_language.parse_options(given, moment),
        *(part.condition for part in parsed),
    ]
    return ParsedFilter(
        AllOf(list_parts(AllOf(tuple(conditions)))), any(part.chooses_status for part in parsed)
    )


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
