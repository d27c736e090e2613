"""What telling costs a job: progress, tokens and items, each call timed, and all of it found again afterwards.

    .venv/bin/python bench/publish.py [--calls 100000] [--away 5]

Starts Redis with an append-only file, one web process and one worker, and runs a job that makes so many calls of each
kind as fast as it can; then the same over some seconds more, with Redis killed in the middle and away for --away
seconds.
Prints the median, the 99th percentile and the longest of the calls as the job itself timed them, and verifies that the
joined text is equal, the last progress right and every item there. All of it shares one machine.
"""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.service import Service, running_service, wait_for  # noqa: E402 - the root is on the path from here on


class Outage(threading.Thread):
    """Redis is killed once the job is half done, and comes back; meanwhile the job's pace is followed."""

    def __init__(self, service: Service, marks: Path, blocks: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._service, self._marks, self._blocks, self._seconds = service, marks, blocks, seconds
        self.blocks_meanwhile = 0

    def run(self) -> None:
        wait_for(lambda: self._block() >= self._blocks // 2, 60, what="the job to be half done")
        self._service.redis.kill()
        before = self._block()
        time.sleep(self._seconds)
        self.blocks_meanwhile = self._block() - before
        self._service.redis.start()

    def _block(self) -> int:
        words = self._marks.read_text().split() if self._marks.exists() else []
        return int(words[0]) if words else 0


def run(service: Service, params: dict[str, Any]) -> dict[str, Any]:
    began = time.perf_counter()
    job_id = service.submit("tell", **params)["id"]
    wait_for(lambda: ended(service, job_id), 300, what="the job's end")
    job = service.job(job_id)
    print(f"\nthe job as a whole: {job['state']} after {time.perf_counter() - began:.1f} s, attempt {job['attempt']}")
    return job


def ended(service: Service, job_id: str) -> bool:
    """Asks again where Redis is away."""
    answer = service.client.get(f"/v1/jobs/{job_id}?wait=10")
    return answer.status_code == 200 and answer.json()["state"] in ("succeeded", "failed", "cancelled")


def show(job: dict[str, Any]) -> None:
    for name, figures in job["result"].items():
        print(
            f"  {name:<10} median {figures['median_us']:>6.2f} µs   p99 {figures['p99_us']:>7.1f} µs"
            f"   longest {figures['longest_ms']:>8.1f} ms   all {figures['seconds']:>6.2f} s"
        )


def verify(service: Service, job: dict[str, Any], calls: int) -> None:
    """What the log and the snapshot say is what the job has told."""
    events = service.events(job["id"])
    text = "".join(event["data"]["text"] for event in events if event["type"] == "output.delta")
    progress = [event["data"] for event in events if event["type"] == "step.progress"]
    items = [event["data"]["key"] for event in events if event["type"] == "item"]
    found = {
        "a log without a hole": [event["seq"] for event in events] == list(range(1, len(events) + 1)),
        "the text": text == "".join(f"token {n} " for n in range(calls)) and len(text) == _length(job),
        "the last progress": (progress[-1]["done"], progress[-1]["total"]) == (calls, calls),
        "every item": items == [f"item {n}" for n in range(calls)],
        "their count": job["items"]["counts"] == {"succeeded": calls},
    }
    print(f"  found again, in {len(events)} events: {', '.join(name for name, right in found.items() if right)}")
    if not all(found.values()):
        sys.exit(f"missing: {', '.join(name for name, right in found.items() if not right)}")


def _length(job: dict[str, Any]) -> int:
    return int(job["outputs"]["text"]["length"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--away", type=float, default=5.0, help="seconds without Redis")
    given = parser.parse_args()
    env = {"TAILRACE_JOBS": "jobs_of_publish", "PYTHONPATH": str(HERE), "TAILRACE_CONCURRENCY": "1"}
    env["TAILRACE_LOG_MAX_EVENTS"] = str(100_000 + given.calls * 4)
    with tempfile.TemporaryDirectory() as folder, running_service(durable=True, **env) as service:
        for params in ({"calls": given.calls}, {"calls": given.calls}):
            job = run(service, params)
            show(job)
            verify(service, job, given.calls)
        marks, blocks = Path(folder, "marks"), 3 * (given.calls // 1000)
        outage = Outage(service, marks, blocks, given.away)
        outage.start()
        job = run(service, {"calls": given.calls, "seconds": given.away * 2, "marks": str(marks)})
        outage.join()
        share = outage.blocks_meanwhile / blocks
        print(f"Redis was away for {given.away:g} s; the job did {share:.0%} of its work meanwhile")
        show(job)
        verify(service, job, given.calls)


if __name__ == "__main__":
    main()
