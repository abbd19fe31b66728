"""What the tests of `connect` and `doctor` have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping

from neontodo.app import App
from neontodo.db.retry import TimeLimits
from neontodo.streams import Streams
from tests.databases import Postgres
from tests.harness import Todo


class Hasty(Todo):
    """Somebody who does not wait for a server that may come back."""

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        app = super().app(streams, env)
        app.limits = TimeLimits(brief=0)
        return app


def place(url: str) -> str:
    """A database URL as it may be shown."""
    return re.sub(r":[^:@/]*@", "@", url)


def change(server: Postgres, url: str, statement: str) -> None:
    """Run a statement in a test's database."""
    server.execute(statement, database=url.rpartition("/")[2])
