"""What `config` and `doctor` have to say of an installation: its settings, and what was checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.render.messages import say
from neontodo.render.text import field, safe_write

if TYPE_CHECKING:
    from neontodo.doctor.finding import Finding
    from neontodo.render.listing import Output
    from neontodo.settings import ListedSetting


def print_findings(output: Output, findings: Sequence[Finding], code: int) -> None:
    """Print the findings in their order; `code` is the exit code that they cost."""
    streams = output.streams
    if output.mode == "json":
        streams.out.write(json.dumps(_findings_json(findings, code), indent=2) + "\n")
    elif output.mode == "table":
        from neontodo.render.terminal.findings import draw_findings

        draw_findings(findings, streams=streams)
    else:
        safe_write(streams.out, "".join(map(_finding_line, findings)))


def _findings_json(findings: Sequence[Finding], code: int) -> dict[str, object]:
    """The documented names in their documented order."""
    checks = [
        {
            "check": found.check,
            "status": found.status,
            "ms": _milliseconds(found.seconds),
            "detail": found.detail,
            "hint": found.hint,
        }
        for found in findings
    ]
    return {"ok": code == 0, "exit_code": code, "checks": checks}


def _finding_line(found: Finding) -> str:
    ms = _milliseconds(found.seconds)
    return f"{found.check}\t{found.status}\t{'' if ms is None else ms}\t{field(found.detail)}\n"


def _milliseconds(seconds: float | None) -> float | None:
    """A time as people and scripts read it."""
    return None if seconds is None else round(seconds * 1000, 1)


def print_settings(output: Output, settings: Sequence[ListedSetting], *, file: Path) -> None:
    """Print every setting, and where the settings file is or would be."""
    streams = output.streams
    if output.mode == "json":
        described = {"file": str(file), "settings": [asdict(setting) for setting in settings]}
        streams.out.write(json.dumps(described, indent=2) + "\n")
        return
    if output.mode == "table":
        from neontodo.render.terminal.settings import draw_settings

        draw_settings(settings, streams=streams)
    else:
        safe_write(streams.out, "".join(map(_setting_line, settings)))
    say(streams, f"settings file: {file}" + ("" if file.exists() else " (not there)"))


def _setting_line(setting: ListedSetting) -> str:
    """A setting as its line in a pipe: name, value, where it came from, what it is."""
    columns = (setting.name, str(setting.value), setting.origin, setting.about)
    return "\t".join(map(field, columns)) + "\n"
