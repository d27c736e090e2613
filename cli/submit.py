"""``tailrace submit``: a job from the shell, followed to its end."""

import argparse
import json
from typing import Any

from cli.errors import Exit
from cli.params import read_params
from cli.service import Service
from cli.watching import watch, watch_json

#: Options that are members of the request under the same name.
MEMBERS = (
    "priority",
    "timeout_seconds",
    "max_attempts",
    "delay_seconds",
    "expires_in_seconds",
    "concurrency_key",
    "cancel_when_unwatched_seconds",
)


def run(arguments: argparse.Namespace) -> int:
    """Submits; follows unless told not to."""
    service = Service.named(arguments.url, arguments.token)
    entry = service.job_type(arguments.type)
    body = {"type": arguments.type, "params": read_params(arguments.params, schema(entry), service.upload)}
    body |= {name: value for name in MEMBERS if (value := getattr(arguments, name)) is not None}
    if arguments.labels:
        body["labels"] = dict(arguments.labels)
    job = service.submit(body, idempotency_key=arguments.idempotency_key)
    if not arguments.watch:
        print(json.dumps(job) if arguments.json else job["id"])
        return Exit.OK
    return watch_json(service, job["id"], after="0") if arguments.json else watch(service, job["id"])


def schema(entry: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of the type's params."""
    found: dict[str, Any] = entry["schema"]
    return found
