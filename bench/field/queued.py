"""Gradio's queue as its own client has it: a POST that joins it, then a stream that tells of the job."""

import http.client
import json
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

#: The functions of ``peers/with_gradio.py``, by their places.
TELLING, NOTHING = 0, 1


class Queued(NamedTuple):
    """Seconds until a job had joined, its first progress had come (or its end), and it had ended."""

    joined: float
    first: float
    ended: float


def once(port: int, function: int) -> Queued:
    """One job, on a connection of its own; SystemExit where it does not end well."""
    session, began = uuid.uuid4().hex, time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = {"data": ["x"], "fn_index": function, "session_hash": session}
        client.request("POST", "/gradio_api/queue/join", json.dumps(body), {"Content-Type": "application/json"})
        answer = client.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"Gradio's queue answered {answer.status}: {said[:300]!r}")
        joined = time.perf_counter() - began
        client.request("GET", f"/gradio_api/queue/data?session_hash={session}", headers={"Accept": "text/event-stream"})
        first, ended = _told(client.getresponse())
        return Queued(joined, first - began, ended - began)
    finally:
        client.close()


def _told(stream: http.client.HTTPResponse) -> tuple[float, float]:
    """When the first progress came, and the end."""
    first = None
    for line in stream:
        if not line.startswith(b"data:"):
            continue
        told: dict[str, Any] = json.loads(line[5:])
        if told["msg"] == "process_generating":
            first = first or time.perf_counter()
        if told["msg"] == "process_completed" and told["success"]:
            return first or time.perf_counter(), time.perf_counter()
        if told["msg"] in {"process_completed", "unexpected_error"}:
            break
    raise SystemExit("a job in Gradio's queue did not end well")


def rate(port: int, *, count: int, callers: int) -> float:
    """Jobs a second that do nothing, from the first submit to the last end."""
    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(partial(once, port), [NOTHING] * count))
    return count / (time.perf_counter() - began)


def told(port: int, *, count: int) -> Sequence[Queued]:
    """Of jobs that tell of progress at once, one after the other."""
    return [once(port, TELLING) for _ in range(count)]
