from prometheus_client.parser import text_string_to_metric_families

from tests.app.conftest import Web


def _figures(web: Web) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = web.client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
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


def test_two_applications_do_not_mix(web: Web, make_web: object) -> None:
    assert callable(make_web)
    web.client.get("/v1/jobs")
    assert ("tailrace_requests_total", _labels(verb="list", code="200")) not in _figures(make_web())
