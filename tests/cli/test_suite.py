"""``test``: one fault fails it, the figures are those of all runs, a Ctrl-C leaves nothing."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import UNIT_SECONDS, environment, gone, until

pytestmark = pytest.mark.acceptance

PROJECT = """\
[tool.pytest.ini_options]
markers = ["alone", "browser", "crowd"]
[tool.mypy]
files = ["clean"]
[tool.importlinter]
root_packages = ["clean"]
include_external_packages = true
[[tool.importlinter.contracts]]
name = "nothing is clean"
type = "forbidden"
source_modules = ["clean"]
forbidden_modules = ["os"]
"""
TESTS = """\
import pytest


def test_one():
    pass


def test_two():
    pass


@pytest.mark.skip
def test_none():
    pass


@pytest.mark.crowd
def test_crowd():
    pass


@pytest.mark.alone
def test_lonely():
    {lonely}
"""
#: Fails the first time.
ONCE = """\
with open("seen", "a+") as seen:
        seen.seek(0)
        before = seen.read()
        seen.write("once")
    assert before
"""
#: Its process hears no Ctrl-C, and pytest does not know of it.
SLEEPS = """\
import signal, subprocess, sys, time
def test_sleeps():
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(1000)"
    deaf = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, process_group=0)
    deaf.stdout.readline()
    open("begun", "w").close()
    time.sleep(1000)
"""

#: Of pytest's plugins these runs need one, and mypy reads the standard library's types once for all of them.
LEAN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of a few lines, under the same checks."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "__init__.py").write_text('"""Nothing."""\n', encoding="utf-8")
    return tmp_path


def start(project: Path, call: str) -> subprocess.Popen[str]:
    code = f"import sys; from pathlib import Path; from cli import suite; sys.exit(suite.{call})"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        cwd=project,
        env=environment(**LEAN, MYPY_CACHE_DIR=str(project.parent / "mypy")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def told(project: Path, call: str) -> tuple[int, str]:
    process = start(project, call)
    out, _ = process.communicate(timeout=UNIT_SECONDS * 3)
    return process.returncode, out


def test_the_figures_are_those_of_all_runs_and_each_run_tells_its_own(project: Path) -> None:
    (project / "test_it.py").write_text(TESTS.format(lonely="pass"), encoding="utf-8")
    code, out = told(project, "whole(Path.cwd())")
    assert code == 0, out
    assert re.findall(r"(\d+) passed", out) == ["2", "1", "1"]
    assert "in total: passed 4, failed 0, errors 0, skipped 1\n" in out
    for name in ("ruff", "mypy", "imports"):
        assert f"{name}: passed" in out


def test_a_fault_of_a_test_or_of_a_check_fails_all(project: Path) -> None:
    (project / "test_it.py").write_text(TESTS.format(lonely="raise ValueError"), encoding="utf-8")
    (project / "clean" / "__init__.py").write_text('"""Nothing."""\nx: int = ""\n', encoding="utf-8")
    code, out = told(project, "whole(Path.cwd())")
    assert code == 1
    assert "in total: passed 3, failed 1, errors 0, skipped 1\n" in out
    assert "Incompatible types in assignment" in out
    assert "failed: mypy, tests alone\n" in out


def test_what_fails_beside_others_and_passes_alone_is_told_and_does_not_fail_the_run(project: Path) -> None:
    (project / "test_it.py").write_text(TESTS.format(lonely=ONCE), encoding="utf-8")
    code, out = told(project, "whole(Path.cwd())")
    assert code == 0, out
    assert "unsteady, they failed beside others: test_lonely\n" in out
    assert "in total: passed 3, failed 1, errors 0, skipped 1\n" in out


def test_with_arguments_it_is_one_run_of_pytest(project: Path) -> None:
    (project / "test_it.py").write_text(TESTS.format(lonely="pass"), encoding="utf-8")
    code, out = told(project, "some(Path.cwd(), ['-k', 'two'])")
    assert (code, re.findall(r"(\d+) (passed|failed|skipped)", out)) == (0, [("1", "passed")])
    assert told(project, "some(Path.cwd(), ['-k', 'no_such_test'])")[0] == 1


@pytest.mark.parametrize(
    ("call", "number"), [("whole(Path.cwd())", signal.SIGINT), ("some(Path.cwd(), ['-q'])", signal.SIGTERM)]
)
def test_a_ctrl_c_leaves_no_process(project: Path, call: str, number: signal.Signals) -> None:
    (project / "test_it.py").write_text(SLEEPS, encoding="utf-8")
    running = start(project, call)
    until((project / "begun").exists, what="the test to begin")
    family = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    out, _ = running.communicate(timeout=UNIT_SECONDS * 3)
    assert running.returncode != 0, out
    assert gone(family)
