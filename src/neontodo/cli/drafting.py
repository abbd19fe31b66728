"""A task in a person's editor, until what they made of it is saved or given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from neontodo.cli import taskfile
from neontodo.cli.editor import Draft
from neontodo.errors import BadValue, Conflict, Refused, TodoError

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.taskfile import Form
    from neontodo.models import TaskPublic
    from neontodo.tasks.results import Outcome


def edited_by_hand(app: App, task: TaskPublic, *, dry_run: bool) -> Outcome:
    """What a person made of the task; whatever goes wrong, their text is not lost.

    Raises:
        Refused: the editor failed, the person gave up, or the task was removed meanwhile.
    """
    # However long it takes, no connection has to last as long.
    app.run(app.database.close())
    editing = _Editing(app, task, dry_run)
    try:
        outcome = editing.outcome()
    except BaseException as error:
        editing.keep(error)
        raise
    editing.draft.discard()
    return outcome


class _Editing:
    """One task in the editor.

    `base` is the task as it was when `text` was written, and `form` its fields; `notice` stands
    above the text from the second time on, and says why it is shown again.
    """

    def __init__(self, app: App, task: TaskPublic, dry_run: bool) -> None:
        self.app = app
        self.dry_run = dry_run
        self.draft = Draft(app, f"{task.number}.todo")
        self.base = task
        self.form = taskfile.build_form(task, app.tz)
        self.text = self.first = self._text(self.form)
        self.notice = ""

    def outcome(self) -> Outcome:
        from neontodo.tasks.results import Outcome

        while True:
            shown = self.notice + self.text
            answer = self.draft.edited(shown)
            if answer == shown and not self.notice:
                return Outcome(())
            if answer == shown:
                raise Refused("nothing was changed: you left the file as it was")
            if not answer.strip():
                self.draft.write(self.text)
                raise Refused("nothing was changed: you emptied the file")
            self.text = answer.removeprefix(self.notice)
            try:
                return self._saved()
            except Conflict:
                self._show_theirs()
            except BadValue as error:
                self.notice = taskfile.comment_lines(_explained(error))

    def _saved(self) -> Outcome:
        from neontodo.tasks import service

        form = taskfile.parse_form(self.text)
        self.app.renew_clock()
        update = taskfile.parse_update(self.app, form, self.form)
        base = self.base
        return self.app.run(
            self.app.write(lambda unit: service.replace(unit, base, update), dry_run=self.dry_run)
        )

    def _show_theirs(self) -> None:
        """Begin again from what others made of the task, with the person's changes laid over it."""
        from neontodo.cli.selecting import only
        from neontodo.tasks.references import parse_refs

        now = only(self.app, parse_refs([str(self.base.id)]))
        mine, theirs = taskfile.parse_form(self.text), taskfile.build_form(now, self.app.tz)
        differing = taskfile.find_conflicts(mine, self.form, theirs)
        self.notice = taskfile.comment_lines(_told(now.number, differing))
        self.text = self._text(taskfile.merge_forms(mine, self.form, theirs))
        self.base, self.form = now, theirs
        self.app.run(self.app.database.close())

    def _text(self, form: Form) -> str:
        from neontodo.render.card import list_annotations

        noted = [
            f"{when}  {text}".strip() for when, text in list_annotations(self.base, self.app.tz)
        ]
        head = f"task {self.base.number}: save and close to change it; leave it as it is to keep it"
        return taskfile.format_form(form, [head, *noted])

    def keep(self, error: BaseException) -> None:
        """Leave the file where it is if it holds work, and say so."""
        from neontodo.render.messages import say

        try:
            text = self.draft.read()
        except Refused:
            return
        if not text.strip() or text == self.first:
            self.draft.discard()
            return
        where = f"your text is kept in {self.draft.path}"
        if isinstance(error, TodoError):
            error.details += (where,)
        else:
            say(self.app.streams, where)


def _explained(error: BadValue) -> Iterator[str]:
    yield f"error: {error.message}"
    yield from error.details
    if error.hint:
        yield f"hint: {error.hint}"
    yield "correct it, then save and close; leave the file as it is to give up"


def _told(number: int, differing: Form) -> Iterator[str]:
    yield f"task {number} was changed elsewhere while you were editing it"
    for name, text in differing.items():
        first, *more = text.split("\n")
        yield f"{name} is there now: {first or 'none'}"
        yield from (f"  {line}" for line in more)
    yield "remove these lines and save to put yours in place of it; leave the file to give up"
