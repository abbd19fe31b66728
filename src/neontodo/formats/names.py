"""What programs call the fields of a task, in any case: `Due Date`, `due_date` and `dueDate`.

Light, because the format of a file is detected with it before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from neontodo.fields import BY_NAME

_NAMES = {
    # Where nothing else is the title, the description is: so Taskwarrior and others call it.
    "title": "name task task_name summary subject content text todo description",
    "description": "note notes body details",
    "completed": "done complete closed finished checked is_completed is_complete is_done is_closed"
    " status state",
    "completed_at": "completed_on completed_date completion_date date_completed closed_at done_at"
    " finished_at",
    "due": "due_date due_on due_at date_due deadline",
    "priority": "",
    "project": "project_name list list_name",
    "tags": "tag label labels categories",
    "start": "start_date start_on start_at date_start defer_date defer_until wait wait_until",
    "created_at": "created created_on created_date creation_date date_created",
    "updated_at": "updated modified updated_on updated_date modified_at last_modified",
}
"""Other names of each field, the most telling ones first."""
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@lru_cache(maxsize=32)
def match_fields(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return which field a name stands for, for those of a record's names that stand for one.

    Each field has one name only; the fields that no other program has need their exact name.
    Without a `title` and a `description`, `notes` are what other programs call a description.
    """
    spelled = {_normalize(name): name for name in reversed(names)}
    spelled |= {name: name for name in names if name in BY_NAME}
    exact = BY_NAME.keys() - _NAMES.keys()
    if not {"title", "description"} <= set(names):
        exact -= {"notes"}
    matched = {name: name for name in names if name in exact}
    for field, others in _NAMES.items():
        known = (spelled[each] for each in (field, *others.split()) if each in spelled)
        name = next((name for name in known if name not in matched), None)
        if name is not None:
            matched[name] = field
    return matched


def _normalize(name: str) -> str:
    words = _WORD_START.sub("_", name.strip()).lower()
    return _BETWEEN_WORDS.sub("_", words).strip("_")
