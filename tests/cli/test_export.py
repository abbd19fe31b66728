"""`todo export`: what is written, where, and that it is whole."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from neontodo.app import App
from neontodo.cli.commands.export import CHUNK
from neontodo.errors import Refused
from neontodo.streams import Streams
from tests.cli.test_process import TODO, environment, popen
from tests.harness import Result, Todo


@pytest.fixture
def filled(todo: Todo) -> Todo:
    """A person with three tasks, one of them done."""
    todo.ok("add", "Bücher zurück", "-t", "errand", "-P", "home", "--due", "fri 17:00")
    todo.ok("add", "Buy milk", "-t", "errand", "-p", "high", "--description", "two\nlitres")
    todo.ok("add", "Rest")
    todo.ok("done", "3")
    return todo


@pytest.mark.parametrize("sort", ["", "-title"])
def test_json_is_list_all_json_byte_for_byte(filled: Todo, sort: str) -> None:
    filled.env["TODO_SORT"] = sort

    assert filled("export") == filled("list", "--all", "--json")
    assert filled.ok("export").out.isascii()


def test_a_file_gets_the_same_bytes(filled: Todo) -> None:
    assert filled("export", "all.json") == Result(0, "", "exported 3 tasks to all.json\n")
    assert (filled.home / "all.json").read_text() == filled.ok("export").out


def test_csv(filled: Todo) -> None:
    rows = list(csv.DictReader(io.StringIO(filled.ok("export", "--format", "csv").out)))

    assert [row["title"] for row in rows] == ["Bücher zurück", "Buy milk", "Rest"]
    assert [row["due"] for row in rows] == ["2026-11-27T16:00:00Z", "", ""]
    assert [row["completed"] for row in rows] == ["false", "false", "true"]
    assert rows[1]["description"] == "two\nlitres"


def test_csv_for_a_spreadsheet(local: Todo) -> None:
    local.ok("add", "=1+1")
    assert ",=1+1," in local.ok("export", "--format", "csv").out
    local.ok("export", "t.csv", "--for-spreadsheet")
    assert ",'=1+1," in (local.home / "t.csv").read_text()


@pytest.mark.parametrize("argv", [[], ["t.json"], ["t.csv", "--format", "todotxt"]])
def test_only_csv_is_for_spreadsheets(local: Todo, argv: list[str]) -> None:
    name = "todotxt" if "todotxt" in argv else "json"
    assert local("export", *argv, "--for-spreadsheet") == Result(
        2,
        "",
        f"error: `--for-spreadsheet` works for csv only, not for {name}\n"
        "hint: add `--format csv`\n",
    )
    assert not list(local.home.glob("t.*"))


def test_todotxt(filled: Todo) -> None:
    assert filled.ok("export", "--format", "todotxt").out == (
        "2026-11-20 Bücher zurück +home due:2026-11-27 @errand\n"
        "(A) 2026-11-20 Buy milk @errand\n"
        "x 2026-11-20 2026-11-20 Rest\n"
    )


def test_taskwarrior(filled: Todo) -> None:
    filled.ok("export", "t.data", "--format", "taskwarrior")
    found = json.loads((filled.home / "t.data").read_bytes())

    assert [task["description"] for task in found] == ["Bücher zurück", "Buy milk", "Rest"]
    assert found[1]["priority"] == "H"
    assert found[2]["status"] == "completed"


@pytest.mark.parametrize("name", ["t.json", "t.csv", "t.txt", "t.todo"])
def test_the_name_tells_the_format(filled: Todo, name: str) -> None:
    formats = {"json": "json", "csv": "csv", "txt": "todotxt", "todo": "todotxt"}
    filled.ok("export", name)

    written = (filled.home / name).read_bytes().decode()
    assert written == filled.ok("export", "--format", formats[name[2:]]).out


@pytest.mark.parametrize(
    ("argv", "titles"),
    [
        ([], ["Bücher zurück", "Buy milk", "Rest"]),
        (["--pending"], ["Bücher zurück", "Buy milk"]),
        (["--done"], ["Rest"]),
        (["--tag", "errand", "--project", "home"], ["Bücher zurück"]),
        (["--project", "none"], ["Buy milk", "Rest"]),
    ],
)
def test_filters(filled: Todo, argv: list[str], titles: list[str]) -> None:
    assert [task["title"] for task in filled.ok("export", *argv).json] == titles


def test_an_empty_store_is_an_empty_file(todo: Todo) -> None:
    assert todo("export") == Result(0, "[]\n", "")
    assert todo("export", "none.csv").err == "exported 0 tasks to none.csv\n"
    assert todo("export", "--format", "todotxt").out == ""


class Unasked(Todo):
    """A person whose store answers everything but who they are."""

    def app(self, streams: Streams, env: Mapping[str, str]) -> App:
        app = super().app(streams, env)
        app.ensure_user_known = _refuse  # type: ignore[method-assign]
        return app


async def _refuse() -> None:
    raise Refused("the store was asked")


def test_only_an_empty_export_asks_whether_the_store_knows_the_user(tmp_path: Path) -> None:
    person = Unasked(tmp_path / "home")
    person.ok("add", "-", stdin="task\n" * CHUNK)

    assert person.ok("export", "t.json").err == f"exported {CHUNK} tasks to t.json\n"
    assert person("export", "--done").err == "error: the store was asked\n"


def test_a_file_that_is_there_is_written_over_by_force_only(local: Todo) -> None:
    local.ok("add", "Buy milk")
    mine = local.home / "mine.json"
    mine.write_text("precious")
    mine.chmod(0o640)

    assert local("export", "mine.json") == Result(
        1, "", "error: `mine.json` already exists\nhint: pass `--force` to overwrite it\n"
    )
    assert mine.read_text() == "precious"
    assert local.ok("export", "mine.json", "--force").err == "exported 1 task to mine.json\n"
    assert mine.read_text() == local.ok("export").out
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640


def test_a_link_stays_a_link(local: Todo) -> None:
    local.ok("add", "Buy milk")
    (local.home / "real.json").write_text("old")
    (local.home / "link.json").symlink_to("real.json")
    local.ok("export", "link.json", "--force")

    assert (local.home / "link.json").is_symlink()
    assert (local.home / "real.json").read_text() == local.ok("export").out


NOBODY = 65534
by_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="platform: only root can make what belongs to somebody else"
)


@pytest.fixture
def shared_folder(tmp_path: Path) -> Path:
    """A folder that everybody may write to, as /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@by_root
@pytest.mark.parametrize("argv", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("sticky", [True, False])
def test_a_link_that_somebody_else_put_there_is_not_followed(
    local: Todo, shared_folder: Path, argv: list[str], is_there: bool, sticky: bool
) -> None:
    local.ok("add", "Buy milk")
    shared_folder.chmod(0o1777 if sticky else 0o777)
    victim, link = local.home / "precious", shared_folder / "out.json"
    if is_there:
        victim.write_text("precious")
    link.symlink_to(victim)
    os.lchown(link, NOBODY, NOBODY)

    assert local("export", str(link), *argv) == Result(
        1,
        "",
        f"error: somebody else has put a link at {link}, which is not written to\n"
        "hint: name another file or folder, or the one that it leads to\n",
    )
    assert victim.exists() == is_there
    assert not is_there or victim.read_text() == "precious"


@by_root
def test_neither_is_one_on_the_way_nor_one_behind_a_link_of_ones_own(
    local: Todo, shared_folder: Path
) -> None:
    local.ok("add", "Buy milk")
    folder = shared_folder / "folder"
    folder.symlink_to(local.home)
    os.lchown(folder, NOBODY, NOBODY)
    mine = local.home / "mine.json"
    mine.symlink_to(folder / "out.json")

    for name in (str(folder / "out.json"), "mine.json"):
        result = local("export", name)
        assert (result.code, result.out) == (1, "")
        assert f"somebody else has put a link at {folder}, which" in result.err
    assert not (local.home / "out.json").exists()


@by_root
def test_a_pipe_that_somebody_else_put_there_gets_no_tasks(
    local: Todo, shared_folder: Path
) -> None:
    local.ok("add", "Buy milk")
    pipe = shared_folder / "out.json"
    os.mkfifo(pipe)
    os.chown(pipe, NOBODY, NOBODY)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    result = local("export", str(pipe), "--force")
    assert (result.code, result.out) == (1, "")
    assert "somebody else has put a pipe or device" in result.err
    assert os.read(reading, 1) == b""
    os.close(reading)


@by_root
def test_the_rights_of_somebody_elses_file_are_not_taken_over(local: Todo, tmp_path: Path) -> None:
    local.ok("add", "Buy milk")
    theirs = tmp_path / "out.json"
    theirs.write_text("")
    theirs.chmod(0o666)
    os.chown(theirs, NOBODY, NOBODY)
    before = os.umask(0o077)
    try:
        local.ok("export", str(theirs), "--force")
    finally:
        os.umask(before)
    assert (theirs.stat().st_uid, stat.S_IMODE(theirs.stat().st_mode)) == (os.geteuid(), 0o600)


def test_links_of_ones_own_are_followed_in_a_shared_folder(
    local: Todo, shared_folder: Path
) -> None:
    local.ok("add", "Buy milk")
    (shared_folder / "folder").symlink_to("../real")
    (shared_folder.parent / "real").mkdir()
    (shared_folder / "out.json").symlink_to("folder/../real/real.json")
    local.ok("export", str(shared_folder / "out.json"))

    assert (shared_folder.parent / "real/real.json").read_text() == local.ok("export").out
    assert (shared_folder / "out.json").is_symlink()


@by_root
def test_a_link_of_the_folders_owner_is_followed(local: Todo, shared_folder: Path) -> None:
    local.ok("add", "Buy milk")
    (shared_folder / "out.json").symlink_to("real.json")
    for path in (shared_folder, shared_folder / "out.json"):
        os.lchown(path, NOBODY, NOBODY)
    local.ok("export", str(shared_folder / "out.json"))
    assert (shared_folder / "real.json").read_text() == local.ok("export").out


def test_a_named_pipe_of_ones_own_is_written_to(local: Todo, shared_folder: Path) -> None:
    local.ok("add", "Buy milk")
    pipe = shared_folder / "out.json"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    local.ok("export", str(pipe))
    assert os.read(reading, 10_000).decode() == local.ok("export").out
    os.close(reading)


def test_links_in_a_circle_are_no_usable_name(local: Todo) -> None:
    local.ok("add", "Buy milk")
    (local.home / "a.json").symlink_to("b.json")
    (local.home / "b.json").symlink_to("a.json")
    assert local("export", "a.json") == Result(2, "", "error: `a.json` is not a usable file name\n")


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["no/t.json"], "error: the folder of `no/t.json` does not exist\nhint: create it first\n"),
        ([".", "--format", "csv"], "error: `.` is a folder\nhint: name a file in it\n"),
        (["a\0.csv"], "error: `a\\x00.csv` is not a usable file name\n"),
        (
            ["tasks"],
            "error: cannot tell the format of `tasks`\n"
            "hint: name it with `--format`: json, csv, todotxt, taskwarrior\n",
        ),
        (
            ["--done", "--pending"],
            "error: no task is both done and pending\n"
            "hint: leave out `--done`, `--pending` or both\n",
        ),
    ],
    ids=["no-folder", "folder", "nul", "unknown-format", "done-and-pending"],
)
def test_what_cannot_be_written_is_wrong_usage(local: Todo, argv: list[str], error: str) -> None:
    local.ok("add", "Buy milk")

    assert local("export", *argv) == Result(2, "", error)


def test_a_full_disk_leaves_nothing_behind(local: Todo) -> None:
    local.ok("add", "Buy milk")

    assert local("export", "/dev/full", "--format", "csv") == Result(
        1, "", "error: `/dev/full` could not be written: no space left on device\n"
    )


def test_what_is_open_already_is_written_to_as_it_is(local: Todo, tmp_path: Path) -> None:
    local.ok("add", "Buy milk")
    exported = local.ok("export").out
    with (tmp_path / "log").open("wb") as log:
        log.write(b"before\n")
        log.flush()
        for name in ("/dev/stdout", "/dev/fd/1"):
            call = [*TODO, "export", name, "--format", "json"]
            subprocess.run(call, env=environment(local), stdout=log, check=True)
        log.write(b"after\n")

    assert (tmp_path / "log").read_text() == f"before\n{exported}{exported}after\n"


def test_a_pipe_by_its_number_is_written_to(local: Todo) -> None:
    local.ok("add", "Buy milk")
    reading, writing = os.pipe()
    call = [*TODO, "export", f"/dev/fd/{writing}", "--format", "todotxt"]
    subprocess.run(call, env=environment(local), pass_fds=[writing], check=True)
    os.close(writing)
    with open(reading) as pipe:
        assert pipe.read() == "2026-11-20 Buy milk\n"


def test_a_failed_export_leaves_the_old_file(local: Todo, tmp_path: Path) -> None:
    local.ok("add", "Buy milk")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "t.json").write_text("old")
    (local.home / "tasks.db").write_bytes(b"no database" * 100)

    assert local("export", str(folder / "t.json"), "--force").code == 5
    assert [path.name for path in folder.iterdir()] == ["t.json"]
    assert (folder / "t.json").read_text() == "old"


def test_text_is_utf_8_in_any_locale(local: Todo) -> None:
    local.ok("add", "Bücher")
    local.env["PYTHONIOENCODING"] = "latin-1"
    with popen(local, "export", "--format", "todotxt") as running:
        out, _ = running.communicate()

    assert "Bücher" in out.decode()


def test_what_todotxt_has_no_place_for_is_said(local: Todo, tmp_path: Path) -> None:
    local.ok("add", "one")
    local.ok("add", "two", "--due", "2026-12-24 17:00")
    local.ok("add", "three", "--note", "from Bob")
    assert local.ok("export", str(tmp_path / "tasks.txt")).err == (
        f"exported 3 tasks to {tmp_path / 'tasks.txt'}\n"
        "warning: todo.txt cannot hold the description, notes or time of day of 2 of them\n"
    )
