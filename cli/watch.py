"""``tailrace watch``: a job followed to its end, over breaks of the connection."""

import argparse

from cli.errors import UsageError
from cli.service import Service
from cli.watching import watch, watch_json


def run(arguments: argparse.Namespace) -> int:
    """Follows the job; the exit code is how it ended."""
    service = Service.named(arguments.url, arguments.token)
    if arguments.json:
        service.job(arguments.id)
        return watch_json(service, arguments.id, after=arguments.after)
    if arguments.after:
        raise UsageError("--after goes with --json: a drawing needs the whole job")
    return watch(service, arguments.id)
