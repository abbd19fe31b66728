"""Making an imported record fit the model, and undoing it on the way out.

What the model has no room for goes to `extra`: `title` and `description` hold the full text where
the model's is shorter, `annotations` what Taskwarrior calls so, and everything else stands under
the name of the format that it came in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from neontodo.columns import EXTRA_MAX_BYTES, EXTRA_MAX_DEPTH, why_not_stored, write_json
from neontodo.formats.dates import shown
from neontodo.formats.record import BadRecord
from neontodo.models import DESCRIPTION_MAX, TITLE_MAX, TaskCreate, TaskPublic


def task(
    values: dict[str, Any], extra: dict[str, Any], *, now: datetime, names: dict[str, str]
) -> TaskCreate:
    """A valid task of these values; `names` says what the source calls a field.

    Raises BadRecord. Values that are None count as left out, and so does an empty project. A
    completed task without an instant was completed when it was last changed, or made, or `now`.
    """
    given = {field: value for field, value in values.items() if value is not None}
    if isinstance(project := given.get("project"), str) and not project.strip():
        del given["project"]
    _shorten(given, extra)
    if given.get("completed") and "completed_at" not in given:
        given["completed_at"] = given.get("updated_at") or given.get("created_at") or now
    try:
        fitted = TaskCreate.model_validate({**given, "extra": extra or None})
    except ValidationError as error:
        raise BadRecord(_reason(error, names)) from None
    if extra:
        _check(extra)
    return fitted


def whole_title(public: TaskPublic) -> str:
    """The title as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("title")
    return kept if isinstance(kept, str) and _fit_title(kept) == public.title else public.title


def whole_description(public: TaskPublic) -> str | None:
    """The description as it was imported, unless it was changed here."""
    kept = (public.extra or {}).get("description")
    fits = isinstance(kept, str) and _cut(kept, DESCRIPTION_MAX) == public.description
    return kept if fits else public.description


def section(public: TaskPublic, name: str) -> dict[str, Any]:
    """What `extra` has under a format's name, empty if there is nothing of use."""
    found = (public.extra or {}).get(name)
    return found if isinstance(found, dict) else {}


def _check(extra: dict[str, Any]) -> None:
    """Raise BadRecord unless `extra` can be stored."""
    if why := why_not_stored(extra, EXTRA_MAX_DEPTH):
        raise BadRecord(why)
    if len(write_json(extra).encode()) > EXTRA_MAX_BYTES:
        raise BadRecord(f"more than {EXTRA_MAX_BYTES} bytes have no field of their own")


def _shorten(given: dict[str, Any], extra: dict[str, Any]) -> None:
    title, description = given.get("title"), given.get("description")
    if isinstance(title, str) and (short := _fit_title(title)) != title:
        given["title"], extra["title"] = short, title
    if isinstance(description, str) and len(description) > DESCRIPTION_MAX:
        given["description"] = _cut(description, DESCRIPTION_MAX)
        extra["description"] = description


def _fit_title(text: str) -> str:
    return _cut(text.strip(), TITLE_MAX)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


_REASONS = {
    "missing": "missing",
    "string_type": "must be text",
    "string_too_short": "empty",
    "string_too_long": "longer than {max_length} characters",
    "string_unicode": "is not valid UTF-8",
    "tuple_type": "must be a list",
    "uuid_type": "must be a UUID",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a whole number",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}


def _reason(error: ValidationError, names: dict[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    field, kind, context = str(first["loc"][0]), first["type"], first.get("ctx", {})
    if field == "extra":
        return str(context.get("error", first["msg"]))
    if kind == "value_error":
        reason = str(context["error"])
    elif kind == "uuid_parsing":
        reason = f"`{shown(str(first['input']))}` is not a UUID"
    else:
        reason = _REASONS.get(kind, first["msg"]).format(**context)
    return f"{names.get(field, field)}: {reason}"
