"""Whether this machine's worker lives, for a container's health check: ``python -m cli.worker_health``."""

import os
import socket
import sys

from jobs.catalogue import Catalogue
from jobs.connect import redis_client
from jobs.errors import TailraceError
from jobs.settings import Settings


def main() -> int:
    """0 when a worker of this host has renewed its entry within the lease."""
    try:
        settings = Settings.from_env(os.environ)
        client = redis_client(settings.redis_url)
        workers = Catalogue(client, lease_seconds=settings.lease_seconds).workers()
    except TailraceError as error:
        print(f"tailrace: {error}", file=sys.stderr)
        return 1
    host = f"{socket.gethostname()}-"
    return 0 if any(worker.id.startswith(host) for worker in workers) else 1


if __name__ == "__main__":
    sys.exit(main())
