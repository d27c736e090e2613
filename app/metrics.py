"""The figures of one web process and of the jobs that it sees, for Prometheus."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.relay.hub import Relay
from app.relay.overload import Overload
from jobs.eventlog import Cursor
from jobs.index import Index

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """A registry of its own: two applications in one process do not mix."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        #: By verb and code, how many answers there were: a counter of the library takes a lock for each.
        self.answers: Counter[tuple[str, int]] = Counter()
        registry.register(_Answers(self.answers))
        self.redis_up = Gauge("tailrace_redis_up", "1 where Redis answered just now.", registry=registry)
        self.jobs_live = Gauge("tailrace_jobs_live", "Jobs without a terminal event.", registry=registry)
        self.jobs_waiting = Gauge("tailrace_jobs_waiting", "Jobs that wait, by queue.", ["queue"], registry=registry)
        self.workers = Gauge("tailrace_workers", "Workers that live.", registry=registry)
        ProcessCollector(registry=registry)

    def watch(self, relay: Relay, overload: Overload) -> None:
        """Adds the figures of *relay* and of its *overload*, read when they are asked for."""
        self.registry.register(_Streams(relay))
        self.registry.register(_Strain(relay, overload))

    def count(self, verb: str, code: int) -> None:
        self.answers[verb, code] += 1

    def look(self, index: Index, workers: int) -> None:
        """Takes down how the jobs stand now; may raise LogUnavailable."""
        self.workers.set(workers)
        self.jobs_live.set(index.live_count())
        for queue in index.queues():
            self.jobs_waiting.labels(queue).set(index.depth(queue))
        self.redis_up.set(1)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Answers(Collector):
    """How many answers there were, in Prometheus's form."""

    def __init__(self, answers: Counter[tuple[str, int]]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("tailrace_requests", "Answers, by verb and code.", labels=["verb", "code"])
        for (verb, code), count in self._answers.items():
            family.add_metric([verb, str(code)], count)
        yield family


class _Streams(Collector):
    """The relay's own tally in Prometheus's form."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        tally = self._relay.tally
        yield GaugeMetricFamily("tailrace_streams_open", "Event streams now open.", len(self._relay))
        yield GaugeMetricFamily("tailrace_rooms", "Jobs that have a stream open here.", len(self._relay.rooms.all()))
        yield CounterMetricFamily("tailrace_streams", "Event streams ever opened.", tally.opened)
        yield CounterMetricFamily("tailrace_events", "Events that came in live.", tally.events)
        yield CounterMetricFamily("tailrace_stream_bytes", "Bytes sent on streams that have ended.", tally.bytes)
        yield CounterMetricFamily("tailrace_log_reads", "Reads of logs for streams.", self._relay.reader.reads)
        acknowledged = tally.acknowledgements
        yield CounterMetricFamily("tailrace_stream_acks", "Acknowledgements by clients of WebSockets.", acknowledged)
        text = "Events by which the furthest behind of those who acknowledge is behind what it was sent."
        yield GaugeMetricFamily("tailrace_stream_unacknowledged", text, _unacknowledged(self._relay))
        ended = CounterMetricFamily("tailrace_streams_ended", "Event streams that ended, by why.", labels=["reason"])
        for reason, count in tally.reasons.items():
            ended.add_metric([reason], count)
        yield ended
        refused = CounterMetricFamily(
            "tailrace_streams_refused", "Event streams not opened, by why.", labels=["reason"]
        )
        for reason, count in tally.refused.items():
            refused.add_metric([reason], count)
        yield refused


class _Strain(Collector):
    """How hard it is for the process to keep up."""

    def __init__(self, relay: Relay, overload: Overload) -> None:
        self._relay, self._overload = relay, overload

    def collect(self) -> Iterator[Metric]:
        overload, seen, open_ = self._overload, self._overload.signs, self._relay.subscribers()
        yield GaugeMetricFamily(
            "tailrace_degradation_level", "How far the process has cut down, 0 to 4.", overload.level
        )
        yield CounterMetricFamily("tailrace_degradation_changes", "Changes of that level.", overload.changes)
        yield GaugeMetricFamily("tailrace_loop_lag_seconds", "How long the loop kept anybody waiting.", seen.wait)
        yield GaugeMetricFamily(
            "tailrace_loop_busy_ratio", "The share of its time that the loop was at work.", seen.busy
        )
        yield GaugeMetricFamily("tailrace_delivery_lag_seconds", "By how much deliveries came late.", seen.late)
        yield GaugeMetricFamily("tailrace_feed_lag_seconds", "By how much the live feed was behind.", seen.behind)
        yield CounterMetricFamily(
            "tailrace_deliveries", "Events that came in live, times their readers.", self._relay.tally.offered
        )
        yield GaugeMetricFamily(
            "tailrace_streams_behind", "Streams whose client has not taken all.", sum(bool(s.rest) for s in open_)
        )
        yield GaugeMetricFamily(
            "tailrace_streams_slow", "Streams merged since their client is slow.", sum(s.slow for s in open_)
        )


def _unacknowledged(relay: Relay) -> int:
    """The largest distance between what a subscriber was told and what it says that it is done with."""
    pairs = [(s.position, s.hearing.acknowledged) for s in relay.subscribers() if s.hearing is not None]
    return max((at.seq - done.seq for at, done in pairs if isinstance(at, Cursor) and done is not None), default=0)
