"""``tailrace cancel``: the wish to end a job."""

import argparse
import json

from cli.errors import Exit
from cli.service import Service
from cli.text import one_line


def run(arguments: argparse.Namespace) -> int:
    """Sends the wish; a job that has ended already stays as it is."""
    service = Service.named(arguments.url, arguments.token)
    wish = {"reason": arguments.reason, "grace_seconds": arguments.grace_seconds}
    job = service.cancel(arguments.id, {name: value for name, value in wish.items() if value is not None})
    print(json.dumps(job) if arguments.json else f"{one_line(job['id'])} {one_line(job['state'])}")
    return Exit.OK
