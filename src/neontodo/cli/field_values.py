"""From the words of options to a task's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from neontodo.errors import BadValue
from neontodo.fields import BY_NAME, Field, Kind

if TYPE_CHECKING:
    from pydantic import ValidationError

    from neontodo.app import App
    from neontodo.models import TaskCreate, TaskUpdate


def parse_fields(app: App, given: Mapping[str, str | Sequence[str] | None]) -> dict[str, Any]:
    """Return the given fields by name, parsed but not yet checked; BadValue if one cannot be."""
    return {
        name: _parse_field(app, BY_NAME[name], value)
        for name, value in given.items()
        if value is not None
    }


def collect_fields(request: object) -> dict[str, Any]:
    """Return the options of a request that are fields of a task, by the fields' names."""
    return {name: getattr(request, name) for name in BY_NAME if hasattr(request, name)}


def _parse_field(app: App, field: Field, value: str | Sequence[str]) -> Any:
    if not isinstance(value, str):
        return tuple(value)
    match field.kind:
        case Kind.WHEN:
            from neontodo.render.messages import say
            from neontodo.tasks.dates import NO_DATE, parse_when

            if value.strip().lower() in NO_DATE:
                return None
            return parse_when(value, now=app.now, tz=app.tz, notify=partial(say, app.streams))
        case Kind.PRIORITY:
            from neontodo.tasks.filters import parse_priority

            return parse_priority(value)
        case Kind.NAME:
            return None if value.strip().lower() == "none" else value.strip()
        case _:
            return None if field.takes_none and value.strip().lower() == "none" else value


def check_new_task(fields: Mapping[str, Any]) -> TaskCreate:
    """Return a checked new task; BadValue says which field cannot be used, and why."""
    from pydantic import ValidationError

    from neontodo.models import TaskCreate

    try:
        return TaskCreate(**fields)
    except ValidationError as error:
        raise _explain(error, example='such as `todo add "Buy milk"`') from None


def check_update(fields: Mapping[str, Any]) -> TaskUpdate:
    """Return a checked update; BadValue says which field cannot be used, and why."""
    from pydantic import ValidationError

    from neontodo.models import TaskUpdate

    try:
        return TaskUpdate(**fields)
    except ValidationError as error:
        raise _explain(error) from None


def check_note(text: str) -> str:
    """Return the text of a note without the space around it; BadValue says why it cannot be one."""
    from neontodo.models import explain_bad_note_text

    text = text.strip()
    if problem := explain_bad_note_text(text):
        raise BadValue(problem if text else "the note is empty")
    return text


def _explain(error: ValidationError, *, example: str | None = None) -> BadValue:
    """Return the first problem of a task's fields, in words."""
    problem = error.errors(include_url=False, include_input=False)[0]
    field = str(problem["loc"][0])
    limits = problem.get("ctx", {})
    match problem["type"]:
        case "string_too_short":
            return BadValue(f"the {field} is empty", hint=example)
        case "string_too_long":
            return BadValue(
                f"the {field} is longer than {limits['max_length']} characters",
                hint="put the rest into `--description`" if field == "title" else None,
            )
        case "value_error":
            return BadValue(f"the {field} cannot be used: {limits['error']}")
        case "string_unicode":
            return BadValue(f"the {field} is not valid UTF-8")
        case _:
            return BadValue(f"the {field} cannot be used: {problem['msg'].lower()}")
