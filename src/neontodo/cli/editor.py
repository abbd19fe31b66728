"""A task in a person's own editor, until what they wrote is saved or given up; it is never lost."""

from __future__ import annotations

import codecs
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from neontodo.cli import taskfile
from neontodo.errors import BadValue, Conflict, Refused, TodoError, explain_os_error

if TYPE_CHECKING:
    from neontodo.app import App
    from neontodo.cli.taskfile import Form
    from neontodo.models import TaskPublic
    from neontodo.tasks.results import Outcome

USUAL = ("editor", "nano", "vi")
_WITHOUT_EDITOR = "set EDITOR, or say on the command line what to save"


def edit_in_editor(app: App, task: TaskPublic, *, dry_run: bool) -> Outcome:
    """Let a person edit the task, and save it; whatever goes wrong, their text is not lost.

    Raises:
        Refused: the editor failed, the person gave up, or the task was removed meanwhile.
        BadValue: the same text was refused twice.
    """
    # Editing may take long: no connection is kept open meanwhile.
    app.run(app.database.close())
    session = _EditingSession(app, task, dry_run)
    with _keep_text_if_not_saved(app, session.draft, session.first):
        return session.run()


def write_in_editor(
    app: App, name: str, head: Sequence[str], save: Callable[[str], Outcome]
) -> Outcome:
    """Let a person write a text above some lines of comment, and save it; it is never lost.

    Raises Refused if they leave it empty, or the editor fails.
    """
    app.run(app.database.close())
    comment = taskfile.comment_lines(head)
    # Below a comment, vi would begin each new line as one.
    first = f"\n{comment}"
    draft = Draft(app, name)
    with _keep_text_if_not_saved(app, draft, first):
        answer, ours = draft.edit(first).split("\n"), comment.splitlines()
        text = "\n".join(line for line in answer if line not in ours)
        if not text.strip():
            raise Refused("nothing was noted: you left it empty")
        app.renew_clock()
        return save(text)


@contextmanager
def _keep_text_if_not_saved(app: App, draft: Draft, first: str) -> Iterator[None]:
    """Discard the draft at the end; after an error keep it if there is work in it, and say so."""
    try:
        yield
    except BaseException as error:
        _keep_text(app, draft, first, error)
        raise
    draft.discard()


def _keep_text(app: App, draft: Draft, first: str, error: BaseException) -> None:
    """Leave the file where it is if there is work in it, and say so."""
    from neontodo.render.messages import print_message

    try:
        text = draft.read()
    except Refused:
        return
    if not text.strip() or text == first:
        draft.discard()
        return
    where = f"your text is kept in {draft.path}"
    if isinstance(error, TodoError):
        error.details += (where,)
    else:
        print_message(app.streams, where)


class _EditingSession:
    """One task in the editor.

    `base` is the task as it was when `text` was written, and `form` its fields; `notice` stands
    above the text from the second time on, and says why it is shown again; `refusal` is the error
    that it explains; `kept` are the fields that others changed since then, and the person did not.
    """

    def __init__(self, app: App, task: TaskPublic, dry_run: bool) -> None:
        self.app = app
        self.dry_run = dry_run
        self.draft = Draft(app, f"{task.number}.todo")
        self.base = task
        self.form = taskfile.build_form(task, app.tz)
        self.text = self.first = self._build_text(self.form)
        self.notice = ""
        self.refusal: BadValue | None = None
        self.kept: list[str] = []

    def run(self) -> Outcome:
        from neontodo.tasks.results import Outcome

        while True:
            shown = self.notice + self.text
            answer = self.draft.edit(shown)
            if answer == shown and not self.notice:
                return Outcome(())
            if answer == shown:
                raise Refused("nothing was changed: you left the file as it was")
            if not answer.strip():
                self.draft.write(self.text)
                raise Refused("nothing was changed: you emptied the file")
            text = answer.removeprefix(self.notice)
            if self.refusal is not None and text == self.text:
                # No person did that: an editor that is a program would be started for ever.
                raise self.refusal
            self.text = text
            if (outcome := self._try_to_save()) is not None:
                return outcome

    def _try_to_save(self) -> Outcome | None:
        """Save the text; None if it is to be shown again, below a notice that says why."""
        while True:
            try:
                return self._save()
            except Conflict:
                if self._merge_theirs():
                    self.refusal = None
                    return None
            except BadValue as error:
                self.refusal = error
                self.notice = taskfile.comment_lines(_explain_error(error))
                return None

    def _save(self) -> Outcome:
        from neontodo.tasks import service

        form = taskfile.parse_form(self.text)
        self.app.renew_clock()
        update = taskfile.parse_update(self.app, form, self.form, self.base)
        base = self.base
        outcome = self.app.run(
            self.app.write(lambda unit: service.replace(unit, base, update), dry_run=self.dry_run)
        )
        note = f"also changed elsewhere, and kept: {', '.join(self.kept)}"
        return replace(outcome, notes=(note,)) if self.kept else outcome

    def _merge_theirs(self) -> bool:
        """Start again from the task as others changed it, with the person's changes applied.

        Return whether both changed the same fields, so that the text is to be shown again.
        """
        from neontodo.cli.output import fetch_one_task
        from neontodo.tasks.references import parse_refs

        now = fetch_one_task(self.app, parse_refs([str(self.base.id)]))
        self.app.run(self.app.database.close())
        mine, theirs = taskfile.parse_form(self.text), taskfile.build_form(now, self.app.tz)
        differing = taskfile.find_conflicts(mine, self.form, theirs)
        if differing:
            self.notice = taskfile.comment_lines(_explain_conflict(now.number, differing))
            self.kept = []
        else:
            self.kept += taskfile.name_changes(self.form, theirs)
        self.text = self._build_text(taskfile.merge_forms(mine, self.form, theirs))
        self.base, self.form = now, theirs
        return bool(differing)

    def _build_text(self, form: Form) -> str:
        from neontodo.render.card import list_notes

        noted = [f"{when}  {text}" for when, text in list_notes(self.base, self.app.tz)]
        head = f"task {self.base.number}: edit, save and close; close unchanged to cancel"
        return taskfile.format_form(form, [head, *noted])


def _explain_error(error: BadValue) -> Iterator[str]:
    yield f"error: {error.message}"
    yield from error.details
    if error.hint:
        yield f"hint: {error.hint}"
    yield "correct it, then save and close; close it unchanged to cancel"


def _explain_conflict(number: int, differing: Form) -> Iterator[str]:
    yield f"task {number} was changed elsewhere while you were editing it"
    for name, text in differing.items():
        first, *more = text.split("\n")
        yield f"{name} is now: {first or 'none'}"
        yield from (f"  {line}" for line in more)
    yield "remove these lines and save to use your values; close it unchanged to cancel"


class Draft:
    """A file in a private folder.

    A byte order mark and the line ends of Windows, if an editor writes them, are not part of the
    text; bytes that are not UTF-8 come back unchanged.
    """

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._command = find_editor(app)
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="todo-", dir=app.env.get("TMPDIR") or None))
            self.path = self._folder / name
            self.path.touch(mode=0o600)
        except OSError as error:
            raise _draft_error(error) from None

    def edit(self, text: str) -> str:
        """Return the text as the editor leaves it.

        Raises:
            Refused: the editor failed, or removed the file.
            KeyboardInterrupt: it was interrupted.
        """
        self.write(text)
        code = _run_editor(self._app, [*self._command, str(self.path)])
        if code in (-signal.SIGINT, 128 + signal.SIGINT):
            raise KeyboardInterrupt
        if code:
            how = f"exit code {code}" if code > 0 else f"signal {-code}"
            raise Refused(f"nothing was changed: the editor ended with {how}")
        return self.read()

    def write(self, text: str) -> None:
        try:
            self.path.write_bytes(text.encode(errors="surrogateescape"))
        except OSError as error:
            raise _draft_error(error) from None

    def read(self) -> str:
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise _draft_error(error) from None
        text = data.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
        # Some line ends may be the task's own; all of them are only what the editor writes.
        is_windows = text.count("\r\n") == text.count("\n")
        return text.replace("\r\n", "\n") if is_windows else text

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def find_editor(app: App) -> list[str]:
    """Return the command that starts the editor: `VISUAL`, else `EDITOR`, else a usual one."""
    for name in ("VISUAL", "EDITOR"):
        try:
            if words := shlex.split(app.env.get(name, "")):
                return words
        except ValueError:
            raise BadValue(
                f"the editor in {name} cannot be read: a quote is not closed",
                hint=f'for example {name}="code --wait"',
            ) from None
    for usual in USUAL:
        if found := shutil.which(usual, path=app.env.get("PATH")):
            return [found]
    raise BadValue("no editor was found", hint=_WITHOUT_EDITOR)


def _run_editor(app: App, command: list[str]) -> int:
    # An editor needs the terminal for its output, even if ours is redirected.
    out = None if app.streams.out_is_terminal else 2
    app.streams.err.flush()
    try:
        with _leave_interrupts_to_editor():
            return subprocess.run(
                command, cwd=app.cwd, env=dict(app.env), stdout=out, check=False
            ).returncode
    except (OSError, ValueError):
        message = f"the editor `{command[0]}` cannot be started"
        raise BadValue(message, hint=_WITHOUT_EDITOR) from None


@contextmanager
def _leave_interrupts_to_editor() -> Iterator[None]:
    """Ignore Ctrl-C, which reaches every program of the terminal: the editor handles it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _draft_error(error: OSError) -> Refused:
    return Refused(f"the file for the editor cannot be used: {explain_os_error(error)}")
