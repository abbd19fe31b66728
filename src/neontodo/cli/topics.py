"""The topics of `todo help`: texts that are shipped with the package."""

from __future__ import annotations

from importlib import resources

ORDER = (
    "references",
    "dates",
    "signing-in",
    "scripts",
    "json",
    "exit-codes",
    "settings",
    "formats",
    "undo",
    "completion",
)


def text(name: str) -> str:
    """A topic as Markdown; what the program declares elsewhere is put in from there."""
    written = _written(name)
    if "{exit codes}" in written:
        written = written.replace("{exit codes}", _exit_codes())
    if "{settings}" in written:
        written = written.replace("{settings}", _settings())
    return written


def summary(name: str) -> str:
    """What a topic is about, in a few words."""
    title = _written(name).partition("\n")[0]
    return title.partition(": ")[2]


def _written(name: str) -> str:
    return (resources.files("neontodo") / "topics" / f"{name}.md").read_text(encoding="utf-8")


def _exit_codes() -> str:
    from neontodo.cli.exits import Exit

    return "\n".join(f"- `{code.value}`: {code.meaning}" for code in Exit)


def _settings() -> str:
    from neontodo import settings

    return "\n".join(
        f"- `{name}`, or `{settings.variable_name(name)}`: {settings.describe(name)}"
        for name in settings.Settings.model_fields
    )
