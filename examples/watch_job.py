"""Submits a job and watches it to its end, through any number of broken connections.

pip install httpx httpx-sse
python examples/watch_job.py ticks '{"n": 5, "seconds": 1}'
"""

import json
import os
import sys
import time

import httpx
from httpx_sse import connect_sse

kind, params = sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")  # noqa: PLR2004 - the first is the file
token = os.environ.get("TAILRACE_TOKEN")
service = httpx.Client(
    base_url=os.environ.get("TAILRACE_URL", "http://127.0.0.1:8000"),
    headers={"Authorization": f"Bearer {token}"} if token else {},
    timeout=httpx.Timeout(10, read=45),  # three heartbeats: a line that is silent for longer is dead
)
job = service.post("/v1/jobs", json={"type": kind, "params": params}).raise_for_status().json()

last, over = "0", False  # from the first event; then from the last one seen
while not over:
    try:
        with connect_sse(service, "GET", job["links"]["events"], headers={"Last-Event-ID": last}) as stream:
            over = stream.response.raise_for_status().status_code == 204  # noqa: PLR2004 - all was seen before
            for event in () if over else stream.iter_sse():
                print(event.event, event.data, flush=True)
                last, over = event.id or last, event.event == "stream.end"
    except httpx.TransportError as error:
        print(f"({type(error).__name__})", file=sys.stderr)
    if not over:  # an end without stream.end, clean as it may look, is a break
        print(f"(coming back after {last})", file=sys.stderr)
        time.sleep(1)
sys.exit(service.get(job["links"]["self"]).json()["state"] != "succeeded")
