"""``demo``: a stranger's first minute, from nothing to nothing."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import environment

pytestmark = pytest.mark.acceptance


def test_the_demo_shows_a_result_keeps_its_artifacts_and_leaves_nothing(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "cli", "demo", "--data", str(tmp_path / "demo")]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"report \w+ succeeded", done.stdout)
    assert (tmp_path / "demo" / "artifacts" / "report.html").stat().st_size > 10_000
    assert "The page was at http://127.0.0.1:" in done.stdout
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]
