"""The commands, in the order of `todo --help`.

Each module of this package has its COMMANDS; the docstring of a function is the command's help.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

Function = Callable[..., int | None]
"""Runs a request in an app; returns an exit code, or None for 0."""

Commands = Mapping[str, tuple[type[Any], Function]]
"""By name, the type of a command's request, and the function that runs it."""


class Entry(NamedTuple):
    """Where a command is, and the first sentence of its help, told without importing it."""

    module: str
    summary: str
    is_group: bool = False


ENTRIES = {
    "add": Entry("add", "Add a task, or with `-` one per line of standard input"),
    "list": Entry("list", "List tasks: pending ones, by when they are due"),
    "today": Entry("list", "List what is due today or overdue"),
    "show": Entry("show", "Show everything about one task"),
    "edit": Entry("edit", "Edit tasks by options; without any, one task in your editor"),
    "done": Entry("done", "Mark tasks done"),
    "undone": Entry("done", "Mark tasks pending again"),
    "toggle": Entry("done", "Mark pending tasks done, and done ones pending"),
    "note": Entry("note", "Add a note to tasks; without a text, in your editor"),
    "rm": Entry("rm", "Remove tasks after confirmation; `todo undo` restores them"),
    "search": Entry("list", "Find tasks that have all the words; the best matches come first"),
    "undo": Entry("undo", "Undo this machine's last command; repeat to undo the one before"),
    "redo": Entry("undo", "Redo what was undone last, unless something else was done since"),
    "log": Entry("undo", "Show what happened to tasks, newest first, with old and new values"),
    "tags": Entry("stats", "List the tags in use, and how many tasks have each"),
    "projects": Entry("stats", "List the projects, and how many tasks each has"),
    "stats": Entry(
        "stats",
        "Show how many tasks are pending, overdue and due today, and done by day and week",
    ),
    "view": Entry("view", "Save filters by a name, and narrow lists by one", is_group=True),
    "import": Entry(
        "import_",
        "Import tasks; those that exist already, or were removed, are left as they are",
    ),
    "export": Entry("export", "Export all tasks, pending and done, or some of them"),
    "backup": Entry("backup", "Back up your tasks and their log to a file that is read back"),
    "restore": Entry("restore", "Restore tasks and log from a backup"),
    "connect": Entry("connect", "Keep your tasks in a Postgres database, such as one on Neon"),
    "join": Entry(
        "join", "Join somebody's database by an invitation, and keep tasks there from now on"
    ),
    "member": Entry("member", "Share this database with other people", is_group=True),
    "login": Entry("login", "Sign in with Better Auth, Neon Auth or another issuer of tokens"),
    "logout": Entry("login", "Sign out: end the session and remove every secret stored for it"),
    "profiles": Entry(
        "login",
        "List your accounts and stores on this machine; `--profile` or TODO_PROFILE chooses one",
    ),
    "whoami": Entry(
        "whoami", "Show who you are to the store, by which token, and which store that is"
    ),
    "token": Entry("token", "Create and revoke tokens for scripts and CI", is_group=True),
    "db": Entry("db", "Manage the store's tables", is_group=True),
    "doctor": Entry("doctor", "Check everything a command needs, one by one, and change nothing"),
    "config": Entry(
        "config", "List the settings: their values, where these come from, and what each is for"
    ),
    "help": Entry("help", "Explain a topic or a command; without one, list the topics"),
    "agent": Entry("agent", "Manage the process that makes commands fast", is_group=True),
}

ALIASES = {"a": "add", "d": "done", "e": "edit", "ls": "list"}

SYNONYMS = {
    "new": ("add", "create"),
    "create": ("add",),
    "find": ("search",),
    "mod": ("edit",),
    "modify": ("edit",),
    "update": ("edit",),
    "wait": ("edit --start",),
    "defer": ("edit --start",),
    "snooze": ("edit --start",),
    "waiting": ("list is:waiting",),
    "ready": ("list is:ready",),
    "annotate": ("note",),
    "complete": ("done",),
    "finish": ("done",),
    "close": ("done",),
    "del": ("rm", "remove", "revoke"),
    "delete": ("rm", "remove", "revoke"),
    "remove": ("rm", "revoke"),
    "rm": ("remove", "revoke"),
    "history": ("log",),
    "migrate": ("upgrade", "db"),
}
"""What other programs call commands, and ours call each other's: the first that a group has."""


def suggest_command(word: str, names: Collection[str]) -> str | None:
    """Return the command among `names` that other programs call this; None if there is none.

    It comes with the words that make it do the same.
    """
    meant = SYNONYMS.get(word.lower(), ())
    return next((words for words in meant if words.split()[0] in names), None)
