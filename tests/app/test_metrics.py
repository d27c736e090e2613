from collections.abc import Iterator

import pytest
from gevent.hub import get_hub
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Metrics
from app.relay.gauge import Gauge
from app.relay.governor import Governor, Signs
from app.relay.hub import Relay
from app.relay.overload import Overload
from jobs.wiring import Parts
from tests.app.conftest import Web
from tests.app.relay.conftest import PACE, relay_of


@pytest.fixture
def relay(session_parts: Parts) -> Iterator[Relay]:
    made = relay_of(session_parts, PACE)
    yield made
    made.stop()


def _figures(web: Web) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = web.client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    return _samples(answer.text)


def _samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def _labels(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_the_figures_tell_of_jobs_queues_and_workers(web: Web) -> None:
    web.serve("count")
    web.submit()
    web.submit()
    web.run()
    figures = _figures(web)
    assert figures["tailrace_jobs_live", _labels()] == 2
    assert figures["tailrace_jobs_waiting", _labels(queue="default")] == 1
    assert figures["tailrace_workers", _labels()] == 1
    assert figures["tailrace_redis_up", _labels()] == 1
    assert figures["process_resident_memory_bytes", _labels()] > 0


def test_answers_are_counted_by_verb_and_code(web: Web) -> None:
    web.submit()
    web.client.get("/v1/jobs")
    web.client.get("/v1/jobs?limit=x")
    web.client.get("/no/such/place")
    figures = _figures(web)
    assert figures["tailrace_requests_total", _labels(verb="submit", code="202")] == 1
    assert figures["tailrace_requests_total", _labels(verb="list", code="200")] == 1
    assert figures["tailrace_requests_total", _labels(verb="list", code="400")] == 1
    assert figures["tailrace_requests_total", _labels(verb="none", code="404")] == 1


def test_the_figures_of_a_process_tell_how_hard_it_is_to_keep_up(relay: Relay) -> None:
    overload = Overload(relay, Gauge(get_hub().loop), Governor(least=1))
    overload.signs = Signs(seconds=0.25, wait=0.002, busy=0.5, late=0.03, behind=0.07)
    relay.tally.refused["client"] += 2
    metrics = Metrics()
    metrics.watch(relay, overload)
    figures = _samples(metrics.text().decode())
    assert figures["tailrace_degradation_level", _labels()] == 1
    assert figures["tailrace_degradation_changes_total", _labels()] == 0
    assert figures["tailrace_loop_lag_seconds", _labels()] == 0.002
    assert figures["tailrace_loop_busy_ratio", _labels()] == 0.5
    assert figures["tailrace_delivery_lag_seconds", _labels()] == 0.03
    assert figures["tailrace_feed_lag_seconds", _labels()] == 0.07
    assert figures["tailrace_streams_refused_total", _labels(reason="client")] == 2
    assert figures["tailrace_streams_behind", _labels()] == figures["tailrace_streams_slow", _labels()] == 0


def test_two_applications_do_not_mix(web: Web, make_web: object) -> None:
    assert callable(make_web)
    web.client.get("/v1/jobs")
    assert ("tailrace_requests_total", _labels(verb="list", code="200")) not in _figures(make_web())
