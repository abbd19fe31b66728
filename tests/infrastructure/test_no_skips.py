"""In CI a skip is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infrastructure.test_postgres_server import run_pytest

SKIPS = {
    "body": "import pytest\ndef test_it(): pytest.skip({reason!r})\n",
    "mark": "import pytest\n@pytest.mark.skip(reason={reason!r})\ndef test_it(): pass\n",
    "module": "import pytest\npytest.skip({reason!r}, allow_module_level=True)\n",
}


def skipped(folder: Path, kind: str, reason: str, workers: str, ci: str) -> tuple[int, str]:
    (folder / "test_it.py").write_text(SKIPS[kind].format(reason=reason))
    (folder / "test_green.py").write_text("def test_it(): pass\n")
    run = run_pytest(folder, "-p", "tests.no_skips", "-p", "xdist", "-n", workers, CI=ci)
    return run.returncode, run.stdout


@pytest.mark.parametrize(
    ("kind", "workers"),
    [("body", "1"), *(pytest.param(kind, "0", marks=pytest.mark.slow) for kind in SKIPS)],
)
def test_a_skip_fails_the_run_in_ci(tmp_path: Path, kind: str, workers: str) -> None:
    code, text = skipped(tmp_path, kind, "no server", workers, ci="true")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "error: skipped in CI: test_it.py" in text
    assert ": no server" in text


def test_what_the_platform_cannot_do_may_be_skipped(tmp_path: Path) -> None:
    code, text = skipped(tmp_path, "body", "platform: no /proc", "0", ci="true")
    assert (code, "error:" in text) == (0, False)


@pytest.mark.parametrize("ci", ["", pytest.param("false", marks=pytest.mark.slow)])
def test_elsewhere_a_skip_is_a_skip(tmp_path: Path, ci: str) -> None:
    assert skipped(tmp_path, "body", "no server", "0", ci=ci)[0] == 0


@pytest.mark.slow
def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n"
    )
    assert run_pytest(tmp_path, "-p", "tests.no_skips", CI="1").returncode == 0
