"""From the words of options to a task's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neontodo.errors import BadValue

if TYPE_CHECKING:
    from pydantic import ValidationError

    from neontodo.app import App
    from neontodo.models import TaskCreate, TaskUpdate


def owner_fields(
    app: App,
    description: str | None,
    due: str | None,
    priority: str | None,
    project: str | None,
    tags: Sequence[str] | None,
) -> dict[str, Any]:
    """The fields that were given, parsed but not yet checked; `none` clears."""
    from neontodo.tasks.dates import parse_due
    from neontodo.tasks.filters import parse_priority, parse_project

    fields: dict[str, Any] = {}
    if description is not None:
        fields["description"] = description or None
    if due is not None:
        clears = due.strip().lower() in ("none", "")
        fields["due"] = None if clears else parse_due(due, now=app.now, tz=app.tz)
    if priority is not None:
        fields["priority"] = parse_priority(priority)
    if project is not None:
        fields["project"] = parse_project(project) or None
    if tags is not None:
        fields["tags"] = tuple(tags)
    return fields


def task_create(fields: Mapping[str, Any]) -> TaskCreate:
    """A checked new task; BadValue says which field cannot be used, and why."""
    from pydantic import ValidationError

    from neontodo.models import TaskCreate

    try:
        return TaskCreate(**fields)
    except ValidationError as error:
        raise refusal(error, example='such as `todo add "Buy milk"`') from None


def task_update(fields: Mapping[str, Any]) -> TaskUpdate:
    """A checked update; BadValue says which field cannot be used, and why."""
    from pydantic import ValidationError

    from neontodo.models import TaskUpdate

    try:
        return TaskUpdate(**fields)
    except ValidationError as error:
        raise refusal(error) from None


def refusal(error: ValidationError, *, example: str | None = None) -> BadValue:
    """The first problem of a task's fields, in words."""
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
