"""A thousand readers of one job, of whom two hundred never read and two hundred read 1 KB a second.

    .venv/bin/python -m bench.slow_readers [--readers 1000] [--rate 40] [--seconds 40]

Starts Redis, one web process and one worker; the job tells of 40 things a second. Prints: how long an event takes, from
its writing to the readers that are quick; the memory of the web process before, at its highest and after; what became
of the slow ones. At the end those read whatever there is, and everybody's sequence is held against the log.
"""

import argparse
import threading
from collections import Counter

from bench.crowd import Crowd
from bench.reader import NEVER, Reader
from bench.stage import PATIENCE_SECONDS, Stage, crowd_of, percentile, stage, table, tell_faults

#: Bytes a second.
TRICKLE = 1024


class Scale(threading.Thread):
    """Weighs the web process twice a second."""

    def __init__(self, made: Stage) -> None:
        super().__init__(daemon=True)
        self._made, self._over = made, threading.Event()
        self.first = self.highest = self.last = made.memory()

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.last = self._made.memory()
            self.highest = max(self.highest, self.last)

    def stop(self) -> None:
        self._over.set()
        self.join()
        self.last = self._made.memory()


class Figures(dict[str, float]):
    """What was measured; ``faults`` apart."""

    faults: list[str]


def measure(
    made: Stage, crowd: Crowd, *, readers: int, rate: float, seconds: float, text: str = "some words and more "
) -> Figures:
    job_id = made.submit("chatter", rate=rate, seconds=seconds + readers / 500, text=text)["id"]
    made.wait(job_id, "running")
    alone = made.memory()
    quick = crowd.join([job_id] * (readers * 6 // 10))
    slow = crowd.join([job_id] * (readers // 5), TRICKLE) + crowd.join([job_id] * (readers // 5), NEVER)
    crowd.run(lambda: all(reader.told.last for reader in quick), 30)
    scale = Scale(made)
    scale.start()
    figures = Figures(alone_rss=alone[0], alone_uss=alone[1], before_rss=scale.first[0], before_uss=scale.first[1])
    crowd.timing = True
    crowd.run(seconds=seconds)
    crowd.timing = False
    figures["still open"] = sum(reader.sock is not None for reader in slow)
    for reader in slow:
        crowd.hurry(reader)
    crowd.run(crowd.over, PATIENCE_SECONDS)
    scale.stop()
    figures.update(highest_rss=scale.highest[0], highest_uss=scale.highest[1])
    figures.update(after_rss=scale.last[0], after_uss=scale.last[1])
    return _with_outcome(figures, made, crowd, slow)


def _with_outcome(figures: Figures, made: Stage, crowd: Crowd, slow: list[Reader]) -> Figures:
    took = [seconds * 1000 for seconds in crowd.latencies]
    figures.update(p50=percentile(took, 0.5), p99=percentile(took, 0.99), longest=max(took, default=0), timed=len(took))
    figures["merged"] = sum(reader.told.merged for reader in slow)
    figures["connections"] = sum(reader.connection for reader in slow) / len(slow)
    figures["gaps"] = sum(len(reader.told.gaps) for reader in crowd.readers)
    figures.faults = made.judge(crowd.readers)
    return figures


def show(figures: Figures, readers: int) -> None:
    table(
        f"{readers} readers, a fifth at 1 KB/s, a fifth that never reads",
        [
            ("events timed at quick readers", round(figures["timed"])),
            ("  p50, ms", figures["p50"]),
            ("  p99, ms (bar: 100)", figures["p99"]),
            ("  longest, ms", figures["longest"]),
            ("memory without a reader, MiB: resident, own", f"{figures['alone_rss']:.1f} {figures['alone_uss']:.1f}"),
            ("  with all readers there", f"{figures['before_rss']:.1f} {figures['before_uss']:.1f}"),
            ("  highest", f"{figures['highest_rss']:.1f} {figures['highest_uss']:.1f}"),
            ("  afterwards", f"{figures['after_rss']:.1f} {figures['after_uss']:.1f}"),
            ("  grown by, own (bar: 20)", figures["highest_uss"] - figures["alone_uss"]),
            ("slow ones still open at the end", round(figures["still open"])),
            ("  connections of each", figures["connections"]),
            ("  frames that stood for several", round(figures["merged"])),
            ("gaps told", round(figures["gaps"])),
            ("sequences that are not whole", len(figures.faults)),
        ],
    )
    tell_faults(figures.faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=40.0)
    parser.add_argument("--seconds", type=float, default=40.0)
    given = parser.parse_args()
    with stage() as made, crowd_of(made) as crowd:
        figures = measure(made, crowd, readers=given.readers, rate=given.rate, seconds=given.seconds)
        show(figures, given.readers)
        print("  how the slow ones' streams ended:", dict(Counter(reasons_of(made))))


def reasons_of(made: Stage) -> dict[str, int]:
    text = made.client.get("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("tailrace_streams_ended_total{")]
    return {line.partition('"')[2].partition('"')[0]: int(float(line.rpartition(" ")[2])) for line in lines}


if __name__ == "__main__":
    main()
