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

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.models import TaskPublic, TaskUpdate

Form = dict[str, str]
"""The text of each field, as it stands in the file."""

LINES = ("title", "done", "due", "priority", "project", "tags")
DESCRIPTION = "description"
QUOTED = 40


def form_of(task: TaskPublic, tz: tzinfo) -> Form:
    """A task's fields as the file has them."""
    text = "".join(f"{name}: {value}\n" for name, value in _lines(task, tz).items())
    return parsed(text + f"\n{task.description or ''}\n")


def _lines(task: TaskPublic, tz: tzinfo) -> Form:
    due = task.due
    if isinstance(due, datetime):
        # Within hours of the calendar's ends no other zone can say it.
        with suppress(OverflowError):
            due = due.astimezone(tz)
        due_text = due.replace(tzinfo=None).isoformat(" ").removesuffix(":00")
    else:
        due_text = due.isoformat() if due else ""
    values = {
        "title": task.title,
        "done": "yes" if task.completed else "no",
        "due": due_text,
        "priority": task.priority.label,
        "project": task.project or "",
        "tags": " ".join(task.tags),
    }
    return {name: value.replace("\n", "\\n") for name, value in values.items()}


def text_of(form: Form, comments: Iterable[str]) -> str:
    """The file of a form, with comments above it."""
    lines = [f"{name}: {form[name]}" if form[name] else f"{name}:" for name in LINES]
    description = form[DESCRIPTION]
    return commented(comments) + "\n".join(lines) + "\n\n" + (description and f"{description}\n")


def commented(lines: Iterable[str]) -> str:
    """Lines of comment; nothing in them acts or ends the comment."""
    from neontodo.render.text import escaped

    return "".join(f"# {escaped(line)}\n" for line in lines)


def parsed(text: str) -> Form:
    """The form in a file; a line that is missing is an empty one.

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
            name, value = _named(line)
            if name in form:
                raise BadValue(f"`{name}` stands there twice", hint="leave one of the two lines")
            form[name] = value
        elif form:
            break
    return dict.fromkeys(LINES, "") | form | {DESCRIPTION: rest.removesuffix("\n")}


def _named(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if colon and name.strip().lower() in LINES:
        return name.strip().lower(), value.strip()
    quoted = line if len(line) <= QUOTED else f"{line[:QUOTED]}…"
    raise BadValue(
        f"`{quoted}` is not a line of a task",
        hint=f"the lines are {', '.join(LINES)}; then an empty one, then the description",
    )


def update(app: App, form: Form, base: Form) -> TaskUpdate:
    """What a person changed in the file.

    Raises:
        BadValue: something of it cannot be used.
    """
    from neontodo.cli.fields import owner_fields, task_update

    changed = {name: text for name, text in form.items() if text != base[name]}
    priority, tags = changed.get("priority"), changed.get("tags")
    fields: dict[str, Any] = owner_fields(
        app,
        changed.get(DESCRIPTION),
        changed.get("due"),
        "none" if priority == "" else priority,
        changed.get("project"),
        None if tags is None else _words(tags),
    )
    if "title" in changed:
        fields["title"] = changed["title"]
    if "done" in changed:
        fields["completed"] = _yes_or_no(changed["done"])
    return task_update(fields)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no", ""):
        raise BadValue(f"done: `{text}` is neither `yes` nor `no`")
    return text.lower() == "yes"


def merged(mine: Form, base: Form, theirs: Form) -> Form:
    """What a person changed, laid over what others made of the task meanwhile."""
    form = {name: theirs[name] if mine[name] == base[name] else mine[name] for name in mine}
    added = [tag for tag in _words(mine["tags"]) if tag not in _words(base["tags"])]
    removed = [tag for tag in _words(base["tags"]) if tag not in _words(mine["tags"])]
    kept = [tag for tag in _words(theirs["tags"]) if tag not in [*added, *removed]]
    return form | {"tags": " ".join([*kept, *added])}


def conflicting(mine: Form, base: Form, theirs: Form) -> Form:
    """What others made of the fields that the person changed too; tags never conflict."""
    return {
        name: text
        for name, text in theirs.items()
        if name != "tags" and base[name] not in (text, mine[name]) and text != mine[name]
    }


def _words(tags: str) -> list[str]:
    return tags.replace(",", " ").split()
