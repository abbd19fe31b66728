"""Views: a list of them, or one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neontodo.render.listing import Column, Listing, print_listing, print_pairs

if TYPE_CHECKING:
    from neontodo.render.listing import Output
    from neontodo.tasks.results import SavedView

NAME_WIDTH = 30


def print_views(output: Output, views: Iterable[SavedView], *, in_use: str | None) -> None:
    """Print the views in their order; one is in use."""
    listing: Listing[SavedView] = Listing(
        columns=[
            Column(
                "view",
                lambda view: view.name,
                lambda view: "bold" if view.name == in_use else "",
                mark=lambda view: " (in use)" if view.name == in_use else "",
                widest=min(NAME_WIDTH, max(1, output.streams.width // 2)),
            ),
            Column("filter", lambda view: view.filter, is_main=True, lines=None),
            Column("sort", lambda view: view.sort or "", "dim", rank=1),
        ],
        to_json=lambda view: _to_json(view, in_use),
        to_fields=lambda view: _to_json(view, in_use).values(),
        name=lambda view: view.name,
        none_found="no views",
        next_step="`todo view save work project:work` saves one",
    )
    print_listing(output, views, listing)


def print_view(output: Output, view: SavedView, *, in_use: str | None) -> None:
    """Print one view."""
    shown = [("view", view.name), ("filter", view.filter or "every task")]
    shown += [("sort", view.sort)] if view.sort else []
    shown += [("in use", "on this machine")] if view.name == in_use else []
    print_pairs(output, _to_json(view, in_use), shown=shown)


def spell_save(view: SavedView) -> str:
    """Return the command that saves the same view again, as a shell takes it."""
    words = ["todo", "view", "save", view.name]
    words += ["--filter", view.filter] if view.filter else []
    words += ["--sort", view.sort] if view.sort else []
    return shlex.join(words)


def _to_json(view: SavedView, in_use: str | None) -> dict[str, Any]:
    return asdict(view) | {"in_use": view.name == in_use}
