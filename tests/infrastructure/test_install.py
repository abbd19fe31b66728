"""install.sh: it replaces no other program, says what is in the way, and can be run again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ENVIRONMENT = os.environ  # noqa: TID251
SCRIPT = Path(__file__).parents[2] / "install.sh"
pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="platform: tests of the wheel have no install.sh"
)


def install(home: Path, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run the script from beside its checkout, in a home of its own, with folders first on PATH."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in ENVIRONMENT.items() if name.startswith(("PIP_", "LC_"))}
    path = os.pathsep.join([*map(str, folders), ENVIRONMENT["PATH"]])
    env = kept | {"HOME": str(home), "PATH": path}
    checkout = SCRIPT.parent
    return subprocess.run(
        ["sh", f"{checkout.name}/install.sh"],
        cwd=checkout.parent,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o755)


@pytest.mark.parametrize("is_link", [False, True])
def test_another_program_of_that_name_is_not_replaced(tmp_path: Path, is_link: bool) -> None:
    home = tmp_path / "home"
    theirs = home / ".local/bin/todo"
    if is_link:
        theirs.parent.mkdir(parents=True)
        theirs.symlink_to(tmp_path / "todoman")  # which may be away
    else:
        write_program(theirs, "echo theirs")
    done = install(home)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {theirs} is another program; nothing was installed\n"
        "hint: rename it, and run this again\n"
    )
    assert sorted(path.name for path in home.rglob("*")) == [".local", "bin", "todo"]
    assert theirs.is_symlink() if is_link else theirs.read_text() == "#!/bin/sh\necho theirs\n"


def test_an_old_python_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    write_program(tmp_path / "bin/python3", "exit 1")
    done = install(tmp_path / "home", tmp_path / "bin")
    assert done.returncode == 1
    assert "error: todo needs Python 3.11 or newer" in done.stderr
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.slow
def test_it_installs_upgrades_and_says_what_comes_first_on_path(tmp_path: Path) -> None:
    home = tmp_path / "home with a blank"
    done = install(home)
    assert done.returncode == 0, done.stderr
    assert f"note: {home}/.local/bin is not on your PATH" in done.stderr
    todo = home / ".local/bin/todo"
    env = {"HOME": str(home), "PATH": ENVIRONMENT["PATH"], "TODO_AGENT": "off"}
    added = subprocess.run([todo, "add", "Buy milk"], env=env, capture_output=True, text=True)
    assert added.returncode == 0, added.stderr

    write_program(tmp_path / "bin/todo", "echo theirs")
    again = install(home, tmp_path / "bin", todo.parent)
    assert again.returncode == 0, again.stderr
    assert f"note: {tmp_path}/bin/todo comes before {todo} on your PATH" in again.stderr
    listed = subprocess.run([todo, "list"], env=env, capture_output=True, text=True)
    assert "Buy milk" in listed.stdout
