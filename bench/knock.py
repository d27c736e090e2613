"""Asks a service for what people ask beside streams, ten times a second, and says how long each answer took.

A process of its own that overload.py starts: between thousands of streams in one Python process it would measure that
process. A line for each answer: the moment, what was asked, milliseconds, the code, and the level that was seen.
"""

import http.client
import json
import sys
import time

#: What is asked in turn. The job is put off for as long as any measurement takes: it must cost no worker anything.
JOB = json.dumps({"type": "chatter", "delay_seconds": 3600, "params": {}})
ASKED = (
    ("GET", "/v1/jobs", None),
    ("GET", "/livez", None),
    ("POST", "/v1/jobs", JOB),
    ("GET", "/metrics", None),
)
EVERY_SECONDS = 0.05


def main(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    level, due = "0", time.monotonic()
    while True:
        for verb, path, body in ASKED:
            due = max(due + EVERY_SECONDS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            connection.request(verb, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            text = answer.read()
            took = (time.monotonic() - began) * 1000
            if path == "/metrics":
                level = level_of(text) or level
            print(f"{time.time():.3f} {verb}:{path} {took:.2f} {answer.status} {level}", flush=True)


def level_of(text: bytes) -> str:
    _, found, rest = text.partition(b"\ntailrace_degradation_level ")
    return str(int(float(rest.split(b"\n", 1)[0]))) if found else ""


if __name__ == "__main__":
    main(int(sys.argv[1]))
