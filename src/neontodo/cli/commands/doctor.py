"""`todo doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from neontodo.cli import options

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.doctor.finding import Finding


def doctor(ctx: typer.Context, json: options.Json = False, color: options.Color = "auto") -> None:
    """Check everything a command needs, one by one, and change nothing.

    Settings, the keyring, the token, and the store: its file, or the way to its server. The exit
    code is 0 if all is well, else that of the gravest failure; notes do not count.
    """
    from neontodo.cli.output import choose_output
    from neontodo.doctor.examination import examine
    from neontodo.render.inspection import print_findings
    from neontodo.render.messages import hint

    app: App = ctx.obj
    findings = examine(app)
    code = _code(findings)
    print_findings(choose_output(app, json=json), findings, code)
    for advice in dict.fromkeys(found.hint for found in findings if found.hint):
        hint(app.streams, advice)
    if code:
        raise typer.Exit(code)


def _code(findings: Sequence[Finding]) -> int:
    from neontodo.cli.exits import code_of

    return max((int(code_of(found.problem)) for found in findings if found.problem), default=0)
