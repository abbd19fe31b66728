"""What every refusal has to be: of one kind, with a next step, and without a secret anywhere."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from neontodo.errors import TodoError


@contextmanager
def fails(
    kind: type[TodoError], match: str, *secrets: str
) -> Iterator[pytest.ExceptionInfo[TodoError]]:
    """Expect an error whose whole chain, texts and notes show none of the secrets."""
    with pytest.raises(kind, match=match) as raised:
        yield raised
    error = raised.value
    assert error.hint
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    assert not [secret for secret in secrets if secret in shown(error)]


def shown(error: BaseException | None) -> str:
    """All that printing an error, in whatever way, can show."""
    if error is None:
        return ""
    texts = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    return "\n".join([*texts, shown(error.__cause__), shown(error.__context__)])
