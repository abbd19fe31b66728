"""Options and arguments that several commands share, each declared once.

A command's request has them as fields, one by one or by extending Printing, TaskPrinting or
Changing. `--color` and `--profile` are no fields: every command takes them, as typer_app declares
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from neontodo.cli import completion
from neontodo.fields import BY_NAME, SORT_KEYS

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print task numbers only; no messages but errors.")
]
QuietNames = Annotated[bool, typer.Option("--quiet", "-q", help="Print names only.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Limit = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Show at most N; 0 shows all of them.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Tasks = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TASK...]",
        autocompletion=completion.complete_tasks,
        help="Numbers (12), ranges (3-5), several (3,7), a UUID's start (a1b2), @last, "
        "or filters as `list` takes them (+home, due:today).",
    ),
]
All = Annotated[
    bool,
    typer.Option("--all", "-a", help="Done and waiting tasks too; without a filter, every task."),
]
FilterWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILTER...]",
        autocompletion=completion.complete_filter,
        help="Which tasks: words, +tag, project:work, due:week … (todo help filters).",
    ),
]
Filter = Annotated[
    str | None,
    typer.Option("--filter", metavar="EXPR", help="A whole filter in one text, in addition."),
]
Sort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="KEY[,KEY]",
        autocompletion=completion.complete_sort_keys,
        help=f"Order by {', '.join(SORT_KEYS)}; priority is high first; -KEY reverses.",
    ),
]
NoView = Annotated[bool, typer.Option("--no-view", help="Ignore the view in use.")]


def _declare(name: str, *, as_filter: bool = False) -> Any:
    """Return Typer's form of the option that sets a field, or narrows a list by it."""
    option = BY_NAME[name].filter_option if as_filter else BY_NAME[name].option
    return option and typer.Option(
        *option.flags,
        metavar=option.metavar,
        help=option.help,
        autocompletion=completion.complete_field(name, option),
    )


Title = Annotated[str | None, _declare("title")]
Description = Annotated[str | None, _declare("description")]
Due = Annotated[str | None, _declare("due")]
Start = Annotated[str | None, _declare("start")]
Priority = Annotated[str | None, _declare("priority")]
Project = Annotated[str | None, _declare("project")]
Tag = Annotated[list[str] | None, _declare("tags")]
DueFilter = Annotated[list[str] | None, _declare("due", as_filter=True)]
PriorityFilter = Annotated[list[str] | None, _declare("priority", as_filter=True)]
ProjectFilter = Annotated[list[str] | None, _declare("project", as_filter=True)]
TagFilter = Annotated[list[str] | None, _declare("tags", as_filter=True)]
LAST = {"json": 1, "quiet": 2, "dry_run": 3}
"""Their places at the end of a command's help, whichever request declares them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colored:
    """A command whose help shows `--color`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing(Colored):
    """A command that prints something."""

    json: Json = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPrinting(Printing):
    """A command that prints tasks."""

    quiet: Quiet = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing(TaskPrinting):
    """A command that changes tasks."""

    dry_run: DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing(Changing):
    """A command that changes the tasks that references or filters choose."""

    tasks: Tasks = None
    filter_: Filter = None
    all_: All = False
    yes: Yes = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOptions(Changing):
    """A command that sets fields of tasks; their names are those of the fields."""

    description: Description = None
    due: Due = None
    start: Start = None
    priority: Priority = None
    project: Project = None
