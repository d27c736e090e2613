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

kind, params = sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")  # noqa: PLR2004 - one is the file
token = os.environ.get("TAILRACE_TOKEN")
service = httpx.Client(
    base_url=os.environ.get("TAILRACE_URL", "http://127.0.0.1:8000"),
    headers={"Authorization": f"Bearer {token}"} if token else {},
    timeout=httpx.Timeout(10, read=45),  # three heartbeats: a line that has been silent for longer is dead
)
job = service.post("/v1/jobs", json={"type": kind, "params": params}).raise_for_status().json()
last = "0"  # from the first event; from then on the id of the last one seen
while last:
    try:
        with connect_sse(service, "GET", job["links"]["events"], headers={"Last-Event-ID": last}) as stream:
            for event in stream.iter_sse():
                print(event.event, event.data)
                last = event.id or last
                if event.event == "stream.end":
                    last = ""
                    break
    except httpx.TransportError as error:
        print(f"({type(error).__name__}; coming back after {last})", file=sys.stderr)
    time.sleep(1 if last else 0)
sys.exit(service.get(job["links"]["self"]).json()["state"] != "succeeded")
