"""`todo doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neontodo.cli import options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App


def run_doctor(app: App, request: options.Printing) -> int:
    """Check everything a command needs, one by one, and change nothing.

    Settings, the keyring, the token, and the store: its file, or the way to its server. The exit
    code is 0 if all is well, else that of the most serious failure; notes do not count.
    """
    from neontodo.cli.exits import Exit, find_exit_code
    from neontodo.cli.output import choose_output
    from neontodo.doctor.checks import examine
    from neontodo.render.inspection import print_findings
    from neontodo.render.messages import hint

    findings = examine(app)
    problems = [found.problem for found in findings if found.problem]
    code = max(map(find_exit_code, problems), default=Exit.OK)
    print_findings(choose_output(app, json=request.json), findings, code)
    for advice in dict.fromkeys(found.hint for found in findings if found.hint):
        hint(app.streams, advice)
    return code


COMMANDS: Commands = {"doctor": (options.Printing, run_doctor)}
