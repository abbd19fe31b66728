"""The schema's revisions in their order, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from neontodo.errors import BadValue, SchemaMismatch

PACKAGE = Path(__file__).parents[1]
NOTHING = "base"
"""What Alembic calls the state before the first revision."""


@dataclass(frozen=True)
class Migration:
    """From which version to which, None being no schema at all, and what each step is about.

    `backup` is the copy that was made of an embedded store.
    """

    before: str | None
    after: str | None
    steps: tuple[str, ...] = ()
    backup: Path | None = None


def script_location() -> Path:
    """The migrations that were shipped inside the wheel, or those of the checkout."""
    shipped = PACKAGE / "_migrations"
    return shipped if shipped.is_dir() else PACKAGE.parents[1] / "migrations"


def config() -> Config:
    """Alembic's own settings, without its file."""
    made = Config()
    made.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    return made


def upward(before: str | None, revision: str) -> Migration:
    """The way up to `revision`, or `head`; none if the store is there, or beyond.

    Raises:
        BadValue: there is no such revision.
        SchemaMismatch: the store is of a version that this program does not know.
    """
    order = _ordered()
    start, end = _place(before, order), _wanted(revision, order)
    if end <= start:
        return Migration(before, before)
    return Migration(before, order[end][0], _described(order[start + 1 : end + 1]))


def downward(before: str | None, revision: str) -> Migration:
    """The way down to `revision`, or `base`; raises as `upward` does."""
    order = _ordered()
    start, end = _place(before, order), _wanted(revision, order)
    if end >= start:
        return Migration(before, before)
    return Migration(before, order[end][0], _described(order[start:end:-1]))


def newer(version: str, store: str = "the store") -> SchemaMismatch:
    """The refusal of a store that a newer program has migrated."""
    return SchemaMismatch(
        f"{store} is of a newer version ({version}) than this program ({_ordered()[-1][0]})",
        hint="upgrade neontodo",
    )


def is_known(version: str | None) -> bool:
    """Whether this program has the revision."""
    return version in (known for known, _ in _ordered())


_Order = list[tuple[str | None, str]]


def _ordered() -> _Order:
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    found: _Order = [(script.revision, script.doc) for script in scripts]
    return [(None, ""), *reversed(found)]


def _place(version: str | None, order: _Order) -> int:
    for place, (known, _) in enumerate(order):
        if known == version:
            return place
    raise newer(str(version))


def _wanted(revision: str, order: _Order) -> int:
    if revision == "head":
        return len(order) - 1
    wanted = None if revision == NOTHING else revision
    for place, (known, _) in enumerate(order):
        if known == wanted:
            return place
    raise BadValue(
        f"there is no revision `{revision}`",
        hint=f"there are {', '.join(known for known, _ in order[1:] if known)}, head and base",
    )


def _described(steps: _Order) -> tuple[str, ...]:
    return tuple(f"{revision} {doc.rstrip('.')}" for revision, doc in steps)
