"""Work that goes on while other things are done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any


class Aside:
    """One thing at a time that goes on aside; none is left behind, whatever happens."""

    def __init__(self) -> None:
        self._work: asyncio.Future[Any] | None = None

    def start(self, work: Awaitable[Any]) -> None:
        self._work = asyncio.ensure_future(work)

    async def done(self) -> Any:
        """What the work answered, once it is done; nothing if there is none."""
        if self._work is None:
            return None
        # Who is cancelled here leaves the work alone: `__aexit__` waits for its end.
        answer = await asyncio.shield(self._work)
        self._work = None
        return answer

    async def __aenter__(self) -> Aside:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._work is not None:
            await asyncio.gather(self._work, return_exceptions=True)
