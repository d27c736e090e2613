"""The wire between the web process and Redis fails in every way that wires do, under readers who come and go.

    .venv/bin/python -m bench.bad_wire [--readers 400] [--jobs 40]

Starts Redis, a web process that reaches it through a proxy, and a worker that reaches it directly: jobs go on telling
whatever becomes of the relay's wire. It is slow, then cut, then half open, then answers are lost, then noise comes
instead of them; all the while some readers lose their connections and come back. At the end everybody's sequence is
held against its job's log, and what was left behind is counted.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence

from bench import leaks
from bench.crowd import Crowd
from bench.stage import PATIENCE_SECONDS, Stage, crowd_of, stage, table, tell_faults

Fault = tuple[str, float, float]
#: Fault, the seconds of a delay, and how long it lasts; each lasts longer than the relay needs to notice it.
FAULTS = (
    ("delay", 0.3, 6.0),
    ("cut", 0.0, 3.0),
    ("half-open", 0.0, 8.0),
    ("drop-replies", 0.0, 8.0),
    ("garbage", 0.0, 4.0),
)
#: Seconds of a whole wire after each, in which everything must have been filled in.
WHOLE = 6.0
#: Events a second of each job.
RATE = 5.0
#: Share of the readers that lose their connection each second.
CHURN = 0.03


class BadWire:
    def __init__(self, made: Stage, crowd: Crowd) -> None:
        self.made, self.crowd = made, crowd
        self.behind: list[tuple[str, float]] = []
        self.faults: list[str] = []
        self._churning = True

    def run(self, *, readers: int, jobs: int, faults: Sequence[Fault] = FAULTS, whole: float = WHOLE) -> None:
        before = leaks.warmed(self.made, self.crowd)
        lasting = sum(seconds + whole for _, _, seconds in faults)
        #: Some end while the wire is bad, others when it is whole again.
        seconds = [lasting * random.uniform(0.3, 1.0) for _ in range(jobs - 1)] + [lasting]
        ids = [self.made.submit("chatter", rate=RATE, seconds=each, text="word ")["id"] for each in seconds]
        self.crowd.join([ids[number % jobs] for number in range(readers)])
        self.crowd.run(self.crowd.begun, 30)
        self._churn()
        for fault, delay, lasts in faults:
            self._fail(fault, delay, lasts)
            self.crowd.run(seconds=max(0.0, whole - self.behind[-1][1]))
        self._churning = False
        self.crowd.run(self.crowd.over, PATIENCE_SECONDS)
        self.faults = self.made.judge(self.crowd.readers)
        self.left_over, self.counted = leaks.left_over(self.made, before)

    def _fail(self, fault: str, delay: float, lasts: float) -> None:
        with self.made.wire.fault(fault, delay):
            self.crowd.run(seconds=lasts)
        self.behind.append((fault, self._filled_in()))

    def _filled_in(self) -> float:
        """Seconds until every reader stands where its job's log stood when the wire was whole again."""
        began = time.monotonic()
        ends = {job_id: self.made.last(job_id) for job_id in {reader.job_id for reader in self.crowd.readers}}
        self.crowd.run(lambda: all(each.told.last >= ends[each.job_id] for each in self.crowd.readers), 60)
        return time.monotonic() - began

    def _churn(self) -> None:
        if self._churning:
            readers = [reader for reader in self.crowd.readers if not reader.ended]
            for reader in random.sample(readers, round(len(readers) * CHURN)):
                reader.leave()
            self.crowd.later(1.0, self._churn)


def show(bad: BadWire) -> None:
    readers = bad.crowd.readers
    reasons = Counter(f"{kind.removeprefix('stream.')} {why}" for each in readers for kind, why in each.told.reasons)
    rows: list[tuple[str, object]] = [(f"{fault}: all filled in after s", seconds) for fault, seconds in bad.behind]
    rows += [
        ("frames that readers got", bad.crowd.events),
        ("connections of each reader", sum(reader.connection for reader in readers) / len(readers)),
        ("answers by code", dict(bad.crowd.codes)),
        ("readers that came to the end", f"{bad.crowd.left} of {len(readers)}"),
        ("  with a gap told", sum(bool(reader.told.gaps) for reader in readers)),
        ("sequences that are not whole", len(bad.faults)),
        ("left behind", "; ".join(bad.left_over) or "nothing"),
    ]
    table(f"{len(readers)} readers behind a bad wire", rows)
    print("  what streams said:", dict(reasons))
    for name, counted in bad.counted.items():
        print(f"  {name}: {counted}")
    tell_faults(bad.faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=40)
    given = parser.parse_args()
    with stage(wired=True, slots=given.jobs) as made, crowd_of(made) as crowd:
        bad = BadWire(made, crowd)
        bad.run(readers=given.readers, jobs=given.jobs)
        show(bad)


if __name__ == "__main__":
    main()
