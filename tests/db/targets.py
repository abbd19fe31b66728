"""What database URLs name."""

from __future__ import annotations

from neontodo.db.url import PostgresTarget, parse_url


def postgres(url: str) -> PostgresTarget:
    """The database of a server that a URL names."""
    target = parse_url(url)
    assert isinstance(target, PostgresTarget)
    return target
