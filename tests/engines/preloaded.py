"""Import in the fork server what every command would otherwise import in a process of its own."""

from __future__ import annotations

import neontodo.db.migrations  # noqa: F401 - an agent does without, a first command not
import tests.engines.processes  # noqa: F401
from neontodo.agent.main import import_program

import_program()
