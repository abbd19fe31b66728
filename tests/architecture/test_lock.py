"""The lock file of the tests and of CI: complete, in step with what is asked for, and hashed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements-dev.txt").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENTRY = re.compile(
    r"^(\S+)==(\S+)(?: ; [^\\\n]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", re.M
)


def locked() -> dict[str, str]:
    """The version of each package."""
    return {name: version for name, version, _ in ENTRY.findall(LOCK)}


def test_every_package_has_a_version_and_hashes_and_nothing_else_is_said() -> None:
    assert len(locked()) > 50
    assert re.sub(r"^#.*\n", "", ENTRY.sub("", LOCK), flags=re.M) == ""


def test_no_index_is_named() -> None:
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_what_is_asked_for_is_locked() -> None:
    groups = PROJECT["dependency-groups"]
    asked = [*PROJECT["project"]["dependencies"], *groups["build"], *groups["lint"]]
    asked += [*groups["test"], *PROJECT["build-system"]["requires"]]
    versions = locked()
    for requirement in map(Requirement, asked):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement}: renew the lock, as README.md says"
        assert version in requirement.specifier, f"{requirement} is locked as {version}"


def test_the_readme_and_ci_install_nothing_but_what_is_locked() -> None:
    readme = (ROOT / "README.md").read_text().partition("<!-- test-command -->")[2]
    command = readme.partition("```sh\n")[2].partition("```")[0]
    for text in (command, (ROOT / ".ci/run").read_text()):
        installs = re.findall(r"pip\"? install (.*)", text)
        assert [re.sub(r" &&| -q| ?--quiet", "", f" {each}").strip() for each in installs] == [
            "--require-hashes -r requirements-dev.txt",
            "--no-deps --no-build-isolation --editable .",
        ]


def test_the_readme_says_how_the_lock_was_written() -> None:
    readme = (ROOT / "README.md").read_text().partition("<!-- lock-command -->\n```sh\n")[2]
    command = " ".join(readme.partition("```")[0].replace("\\\n", "").split())
    assert LOCK.splitlines()[1].removeprefix("#").split() == [
        word for word in command.split() if word != "--upgrade"
    ]
