"""What `config`, `doctor` and `agent status` say of an installation: settings, checks, figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import Column, Listing, print_json, print_listing, print_pairs
from neontodo.render.messages import say
from neontodo.render.text import make_displayable

if TYPE_CHECKING:
    from neontodo.doctor import Finding
    from neontodo.render.listing import Output
    from neontodo.settings import ListedSetting

STATUS_FIELDS = (
    "pid", "version", "uptime", "commands", "memory", "workers", "busy", "connections",
)  # fmt: skip

_STYLES = {"ok": "green", "note": "yellow", "failed": "bold red", "skipped": "dim"}


def print_findings(output: Output, findings: Sequence[Finding], code: int) -> None:
    """Print the findings in their order; `code` is the exit code that they cost."""
    if output.mode == "json":
        checks = [_finding_json(found) for found in findings]
        print_json(output, {"ok": code == 0, "exit_code": code, "checks": checks})
        return
    listing: Listing[Finding] = Listing(
        columns=[
            Column("", lambda found: found.check),
            Column("", lambda found: found.status, lambda found: _STYLES[found.status]),
            Column("", _duration, "dim", is_number=True),
            Column(
                "",
                lambda found: found.detail,
                lambda found: "dim" if found.status == "skipped" else "",
                is_main=True,
                lines=None,
            ),
        ],
        to_json=_finding_json,
        to_fields=lambda found: (found.check, found.status, _milliseconds(found), found.detail),
    )
    print_listing(output, findings, listing)


def _finding_json(found: Finding) -> dict[str, Any]:
    """The documented names in their documented order."""
    return {
        "check": found.check,
        "status": found.status,
        "ms": _milliseconds(found),
        "detail": found.detail,
        "hint": found.hint,
    }


def _milliseconds(found: Finding) -> float | None:
    return None if found.seconds is None else round(found.seconds * 1000, 1)


def _duration(found: Finding) -> str:
    return "" if found.seconds is None else f"{found.seconds * 1000:.0f} ms"


def print_settings(output: Output, settings: Sequence[ListedSetting], *, file: Path) -> None:
    """Print every setting, and where the settings file is or would be."""
    if output.mode == "json":
        listed = [asdict(setting) for setting in settings]
        print_json(output, {"file": str(file), "settings": listed})
        return
    if output.mode == "table":
        _draw_settings(output, settings)
    else:
        listing: Listing[ListedSetting] = Listing(
            (), asdict, lambda setting: asdict(setting).values()
        )
        print_listing(output, settings, listing)
    say(output.streams, f"settings file: {file}" + ("" if file.exists() else " (not there)"))


def print_setting(output: Output, setting: ListedSetting) -> None:
    """Print the value of one setting, or with JSON all about it."""
    if output.mode == "json":
        print_json(output, asdict(setting))
    else:
        output.streams.out.write(f"{make_displayable(str(setting.value), output.streams.out)}\n")


def _draw_settings(output: Output, settings: Sequence[ListedSetting]) -> None:
    """Draw each setting with what it is; one that was set is bold, with where that was done."""
    from neontodo.render.table import CARD_WIDTH, Canvas, Cell, draw_pairs

    canvas = Canvas(output.streams)
    pairs: list[tuple[str | Cell, Cell]] = []
    for setting in settings:
        is_set = setting.origin != "default"
        value = f"{setting.value} (from {setting.origin})" if is_set else str(setting.value)
        pairs += [
            (Cell(setting.name), Cell(canvas.safe(value or "none"), "bold" if is_set else "")),
            ("", Cell(canvas.safe(setting.about), "dim")),
        ]
    draw_pairs(canvas, pairs, min(canvas.width, CARD_WIDTH))


def print_status(output: Output, status: Mapping[str, Any] | None) -> None:
    """Print an agent's figures, in seconds and bytes except on a terminal; None: there is none."""
    if output.mode == "json":
        fields = {name: (status or {}).get(name) for name in STATUS_FIELDS}
        output.streams.out.write(json.dumps({"running": status is not None} | fields) + "\n")
    elif status is not None:
        shown = [
            ("process", f"{status['pid']}, todo {status['version']}"),
            ("uptime", _span(status["uptime"])),
            ("commands", str(status["commands"])),
            ("state", "busy" if status["busy"] else "idle"),
            ("connection", "open" if status["connections"] else "closed"),
        ]
        if status["memory"] is not None:
            shown.insert(3, ("memory", f"{status['memory'] / 1_000_000:.0f} MB"))
        print_pairs(output, {name: status[name] for name in STATUS_FIELDS}, shown=shown)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
