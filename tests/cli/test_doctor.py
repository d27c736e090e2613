"""``doctor``: what a machine has and lacks."""

import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import environment


def test_doctor_says_what_was_found(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "cli", "doctor", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    for what in ("Python", "Redis", "Disk", "Open files", "Chromium"):
        assert what in done.stdout


def test_doctor_ends_with_1_when_something_needed_is_missing(tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "cli", "doctor", "--data", str(tmp_path)]
    wrong = environment(TAILRACE_HOST="0.0.0.0", REDIS_URL="redis://127.0.0.1:9")  # noqa: S104 - it is refused
    done = subprocess.run(words, env=wrong, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "TAILRACE_TOKEN" in done.stdout
    assert "nobody answers" in done.stdout
