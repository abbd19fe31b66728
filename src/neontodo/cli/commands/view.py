"""`todo view save`, `list`, `show`, `rm` and `use`: filters with a name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from neontodo.cli import completion, options
from neontodo.cli.commands import Commands

if TYPE_CHECKING:
    from neontodo.app import App

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", autocompletion=completion.complete_views, help="The name of a view."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRequest(options.Colored):
    """A view to be saved."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion.complete_views,
            help="What to call it: a word of your own.",
        ),
    ]
    words: options.FilterWords = None
    filter_: options.Filter = None
    sort: options.Sort = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest(options.Printing):
    """All views."""

    quiet: options.QuietNames = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest(options.Printing):
    """A view to be shown."""

    name: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest(options.Colored):
    """Views to be removed."""

    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", autocompletion=completion.complete_views, help="Names of views."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRequest(options.Colored):
    """A view to be used."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|none",
            autocompletion=completion.complete_views,
            help="The name of a view; `none` to use none.",
        ),
    ]


def run_save(app: App, request: SaveRequest) -> None:
    """Save a filter by a name, for `view:NAME` in other filters and for `todo view use`.

    Days stay as they are written: `due:week` always is the week ahead. Another view of this name
    is replaced. Views are kept with the tasks, but not in their log.
    """
    from neontodo.render.messages import say
    from neontodo.render.views import spell_save
    from neontodo.tasks import views
    from neontodo.tasks.filter_language import Moment

    new = views.NewView(request.name, request.words or (), request.filter_, request.sort)
    save = partial(views.save, new=new, moment=Moment(app.now, app.tz))
    before = app.run(app.write(save))
    if before is None:
        say(app.streams, f"saved view {request.name}")
    else:
        say(app.streams, f"replaced view {request.name}; before: {spell_save(before)}")


def run_list(app: App, request: ListRequest) -> None:
    """List your views, and which one is in use on this machine."""
    from neontodo.cli.filters import find_view_in_use
    from neontodo.cli.output import choose_output
    from neontodo.render.views import print_views

    output = choose_output(app, json=request.json, quiet=request.quiet)
    print_views(output, app.load_views().values(), in_use=find_view_in_use(app)[0])


def run_show(app: App, request: ShowRequest) -> None:
    """Show what a view stands for."""
    from neontodo.cli.filters import find_view_in_use
    from neontodo.cli.output import choose_output
    from neontodo.render.views import print_view
    from neontodo.tasks.views import require_view

    view = require_view(request.name, app.load_views())
    in_use = find_view_in_use(app)[0]
    print_view(choose_output(app, json=request.json), view, in_use=in_use)


def run_remove(app: App, request: RemoveRequest) -> None:
    """Remove views; no task changes."""
    from neontodo.cli.filters import find_view_in_use
    from neontodo.render.messages import hint, say
    from neontodo.render.views import spell_save
    from neontodo.settings import variable_name
    from neontodo.tasks import views

    for view in app.run(app.write(partial(views.remove, names=request.names))):
        say(app.streams, f"removed view {view.name}; to have it again: {spell_save(view)}")
    in_use, origin = find_view_in_use(app)
    if in_use in request.names:
        end = "" if origin == variable_name("view") else "; `todo view use none` ends that"
        hint(app.streams, f"{origin} says to use {in_use}{end}")


def run_use(app: App, request: UseRequest) -> None:
    """Narrow `list`, `today`, `tags`, `projects` and `stats` by a view on this machine.

    TODO_VIEW goes before it, and `--no-view` goes without. Nothing else is narrowed: not
    `search` and `export`, and no command that changes tasks.
    """
    from neontodo.cli.filters import find_view_in_use
    from neontodo.render.messages import say, warn
    from neontodo.settings import NO_VIEW
    from neontodo.tasks.views import require_view

    name = request.name
    if name != NO_VIEW:
        require_view(name, app.load_views())
    app.profile.save_view(name)
    say(app.streams, "no view is in use" if name == NO_VIEW else f"view {name} is in use")
    in_use, origin = find_view_in_use(app)
    if in_use != (None if name == NO_VIEW else name):
        warn(app.streams, f"{origin} says to use {in_use or 'none'}, and goes first")


COMMANDS: Commands = {
    "save": (SaveRequest, run_save),
    "list": (ListRequest, run_list),
    "show": (ShowRequest, run_show),
    "rm": (RemoveRequest, run_remove),
    "use": (UseRequest, run_use),
}
