"""A task as a small text file for an editor, and back.

    # lines like this one explain, and are not read
    title: Buy milk
    done: no
    due: 2026-12-24
    priority: high
    project: home
    tags: shop urgent

    Below the empty line stands the description, every character as it is.

Only text that a person changed is ever parsed: what a task had stays to the letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from neontodo.errors import BadValue
from neontodo.fields import BY_NAME, LINES, Kind

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskPublic, TaskUpdate, When

Form = dict[str, str]
"""The text of each field, as it stands in the file."""

DESCRIPTION = "description"
QUOTED = 40


def build_form(task: TaskPublic, tz: tzinfo) -> Form:
    """Return a task's fields as the file has them, the title whole where it was cut."""
    text = ""
    for line, field in LINES.items():
        value = task.whole_title if field.name == "title" else getattr(task, field.name)
        value = _format_value(field.kind, value, tz).replace("\n", "\\n")
        text += f"{line}: {value}\n"
    return parse_form(text + f"\n{task.description or ''}\n")


def _format_value(kind: Kind, value: Any, tz: tzinfo) -> str:
    match kind:
        case Kind.FLAG:
            return "yes" if value else "no"
        case Kind.WHEN:
            return _format_when(value, tz)
        case Kind.PRIORITY:
            return str(value.label)
        case Kind.TAGS:
            return " ".join(value)
        case _:
            return value or ""


def _format_when(when: When | None, tz: tzinfo) -> str:
    if not isinstance(when, datetime):
        return when.isoformat() if when else ""
    # Within hours of the calendar's ends no other zone can say it.
    with suppress(OverflowError):
        when = when.astimezone(tz)
    return when.replace(tzinfo=None).isoformat(" ").removesuffix(":00")


def format_form(form: Form, comments: Iterable[str]) -> str:
    """Return the file of a form, with comments above it."""
    lines = [f"{name}: {form[name]}".rstrip() for name in LINES]
    description = form[DESCRIPTION] and f"{form[DESCRIPTION]}\n"
    return comment_lines(comments) + "\n".join(lines) + f"\n\n{description}"


def comment_lines(lines: Iterable[str]) -> str:
    """Return lines of comment; nothing in them can end the comment."""
    from neontodo.render.text import escape_text

    return "".join(f"# {escape_text(line)}\n" for line in lines)


def parse_form(text: str) -> Form:
    """Return the form in a file; a line that is missing is an empty one.

    Raises:
        BadValue: a line above the description is not one of the file's.
    """
    form: Form = {}
    rest = text
    while rest:
        line, _, rest = rest.partition("\n")
        if line.startswith("#"):
            continue
        if line.strip():
            name, value = _parse_line(line)
            if name in form:
                raise BadValue(f"`{name}` is there twice", hint="remove one of the two lines")
            form[name] = value
        elif form:
            break
    return dict.fromkeys(LINES, "") | form | {DESCRIPTION: rest.removesuffix("\n")}


def _parse_line(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if colon and name.strip().lower() in LINES:
        return name.strip().lower(), value.strip()
    quoted = line if len(line) <= QUOTED else f"{line[:QUOTED]}…"
    raise BadValue(
        f"`{quoted}` is not a line of a task",
        hint=f"the lines are {', '.join(LINES)}; then an empty one, then the description",
    )


def parse_update(app: App, form: Form, base: Form, task: TaskPublic) -> TaskUpdate:
    """Return what a person changed in the file; BadValue if something of it cannot be used.

    A title that was cut may be as long as `extra` has room for.
    """
    from neontodo.cli.field_values import check_update, parse_fields
    from neontodo.tasks.service import store_whole_title

    given: dict[str, str | list[str]] = {}
    parsed: dict[str, bool | str | None] = {}
    for line, text in form.items():
        if text == base[line]:
            continue
        field = LINES.get(line) or BY_NAME[DESCRIPTION]
        match field.kind:
            case Kind.FLAG:
                parsed[field.name] = _parse_flag(text)
            case Kind.TEXT:
                parsed[field.name] = text if field.is_required else text or None
            case Kind.TAGS:
                given[field.name] = _split_tags(text)
            case _:
                given[field.name] = text or "none"
    fields = parse_fields(app, given) | parsed
    if "title" in fields and task.whole_title != task.title:
        fields |= store_whole_title(fields["title"], task.extra)
    return check_update(fields)


def _parse_flag(text: str) -> bool:
    if text.lower() not in ("yes", "no", ""):
        raise BadValue(f"done: `{text}` is neither `yes` nor `no`")
    return text.lower() == "yes"


def merge_forms(mine: Form, base: Form, theirs: Form) -> Form:
    """Apply what a person changed to what others made of the task meanwhile."""
    form = {name: theirs[name] if mine[name] == base[name] else mine[name] for name in mine}
    added = [tag for tag in _split_tags(mine["tags"]) if tag not in _split_tags(base["tags"])]
    removed = [tag for tag in _split_tags(base["tags"]) if tag not in _split_tags(mine["tags"])]
    kept = [tag for tag in _split_tags(theirs["tags"]) if tag not in [*added, *removed]]
    return form | {"tags": " ".join([*kept, *added])}


def find_conflicts(mine: Form, base: Form, theirs: Form) -> Form:
    """Return what others made of fields that the person changed, too; tags never conflict."""
    return {
        name: text
        for name, text in theirs.items()
        if name != "tags" and base[name] not in (text, mine[name]) and text != mine[name]
    }


def name_changes(before: Form, after: Form) -> list[str]:
    """Return the fields whose text is not the same."""
    changed = (line for line, text in after.items() if text != before[line])
    return [line if line not in LINES else LINES[line].name for line in changed]


def _split_tags(tags: str) -> list[str]:
    return tags.replace(",", " ").split()
