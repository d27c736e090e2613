"""Two thousand readers of one job lose their connections and come back at one moment: what that costs Redis.

    .venv/bin/python -m bench.storm [--readers 2000] [--rate 20]

Starts Redis, one web process and one worker. All readers are cut at once and come back with their last ids while the
job goes on. Prints the commands that Redis was given from the cut until all have caught up, beside what the same time
costs without a storm; how long it took; and holds everybody's sequence against the log. The programs share one machine.
"""

import argparse
import time

from bench.crowd import Crowd
from bench.stage import PATIENCE_SECONDS, Stage, crowd_of, stage, table, tell_faults

#: A job in the middle of its log when the storm comes.
SETTLE_SECONDS = 2.0


class Storm:
    def __init__(self, made: Stage, crowd: Crowd) -> None:
        self.made, self.crowd = made, crowd
        self.usual: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self.reads = self.seconds = self.answered = 0.0
        self.faults: list[str] = []

    def run(self, readers: int, rate: float) -> None:
        job_id = self.made.submit("chatter", rate=rate, seconds=SETTLE_SECONDS * 2 + readers / 100)["id"]
        self.made.wait(job_id, "running")
        self.crowd.join([job_id] * readers)
        self.crowd.run(self.crowd.begun, 60)
        self.usual = self._usual()
        self._blow(readers)
        self.crowd.run(self.crowd.over, PATIENCE_SECONDS)
        self.faults = self.made.judge(self.crowd.readers)

    def _usual(self) -> dict[str, float]:
        """Calls a second without a storm."""
        before = self.made.calls()
        self.crowd.run(seconds=SETTLE_SECONDS)
        return {name: count / SETTLE_SECONDS for name, count in changed(before, self.made.calls()).items()}

    def _blow(self, readers: int) -> None:
        codes = sum(self.crowd.codes.values())
        before, reads, began = self.made.calls(), self.made.metric("tailrace_log_reads_total"), time.monotonic()
        marks = [reader.told.streams.get("stream.caught_up", 0) for reader in self.crowd.readers]
        self.crowd.cut_all()
        self.crowd.run(lambda: sum(self.crowd.codes.values()) >= codes + readers, 60)
        self.answered = time.monotonic() - began
        self.crowd.run(lambda: self._caught_up(marks), 60)
        self.seconds = time.monotonic() - began
        self.calls = changed(before, self.made.calls())
        self.reads = self.made.metric("tailrace_log_reads_total") - reads

    def _caught_up(self, marks: list[int]) -> bool:
        readers = self.crowd.readers
        return all(r.ended or r.told.streams["stream.caught_up"] > n for r, n in zip(readers, marks, strict=True))


def changed(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}


def show(storm: Storm, readers: int) -> None:
    rows: list[tuple[str, object]] = [
        ("until all are answered, s", storm.answered),
        ("until all have caught up, s", storm.seconds),
        ("reads of the log and of snapshots, by the relay's count", round(storm.reads)),
        ("refused or reset connections", storm.crowd.refused),
        ("sequences that are not whole", len(storm.faults)),
    ]
    for name, count in sorted(storm.calls.items(), key=lambda each: -each[1]):
        usual = storm.usual.get(name, 0.0) * storm.seconds
        rows.append((f"  {name}: as many as usual, and in all", f"{usual:.0f} {count}"))
    table(f"{readers} readers of one job come back at once", rows)
    tell_faults(storm.faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=20.0)
    given = parser.parse_args()
    with stage() as made, crowd_of(made) as crowd:
        storm = Storm(made, crowd)
        storm.run(given.readers, given.rate)
        show(storm, given.readers)


if __name__ == "__main__":
    main()
