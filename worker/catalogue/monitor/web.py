"""Probes of whatever answers HTTP: an endpoint, a number in a JSON document, and this service's own figures."""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import httpx

from worker.catalogue import outside, outside_http
from worker.catalogue.monitor import targets
from worker.catalogue.monitor.calls import Answer, Caller
from worker.catalogue.monitor.readings import ProbeFailed, Reading

#: Where the service is: the operator's word, so that it may be a private address.
SELF_URL = "TAILRACE_SELF_URL"
_WILDCARDS = {"", "0.0.0.0", "::"}  # noqa: S104 - what is bound to any address is met at loopback
_FAILED = 400
_OK = 200
#: Our figures by the names that they have in ``/metrics``.
_FIGURES = {
    "tailrace_jobs_waiting": ".waiting",
    "tailrace_jobs_live": ".live",
    "tailrace_workers": ".workers",
    "tailrace_streams_open": ".streams",
    "tailrace_loop_lag_seconds": ".lag",
    "tailrace_degradation_level": ".level",
}


class _Calling:
    """A probe that calls."""

    def __init__(self, client: httpx.Client) -> None:
        self._caller = Caller(client)

    def cut(self) -> None:
        self._caller.cut()

    def close(self) -> None:
        self._caller.close()


class Endpoint(_Calling):
    """How long it takes to answer, and with which code."""

    def __init__(self, target: targets.Http) -> None:
        super().__init__(_outward(target))
        self._target = target

    def read(self) -> Reading:
        target = self._target
        answer = self._caller.ask(target.method, target.url, read=False)
        values = {f"{target.name}.latency": answer.seconds * 1000, f"{target.name}.code": float(answer.code)}
        fits = answer.code < _FAILED if target.expect is None else answer.code == target.expect
        return Reading(target=target.name, values=values, fault=None if fits else f"it answers {answer.code}")


class Document(_Calling):
    """A number in a JSON document."""

    def __init__(self, target: targets.Json) -> None:
        super().__init__(_outward(target))
        self._target = target

    def read(self) -> Reading:
        answer = self._caller.ask("GET", self._target.url, {"Accept": "application/json"})
        value = number_in(_good(answer).body, self._target.pointer)
        return Reading(target=self._target.name, values={self._target.name: value})


class Itself(_Calling):
    """What the service says of itself; the streams are those of the one web process that answers."""

    def __init__(self, target: targets.Service, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(httpx.Client(timeout=target.timeout_seconds, trust_env=False))
        self._target, self._url = target, f"{self_url(environ)}/metrics"
        token = environ.get("TAILRACE_TOKEN")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def read(self) -> Reading:
        answer = _good(self._caller.ask("GET", self._url, self._headers))
        found = figures_in(answer.body.decode("utf-8", "replace"))
        return Reading(target=self._target.name, values={self._target.name + tail: n for tail, n in found.items()})


def _outward(target: targets.Http | targets.Json) -> httpx.Client:
    """A client for somebody else's URL; JobFailed where a job may not be given it."""
    outside.checked(target.url, outside.WEB_SCHEMES)
    return outside_http.client(timeout=target.timeout_seconds)


def self_url(environ: Mapping[str, str]) -> str:
    """Where the service is, without a slash at its end."""
    given = environ.get(SELF_URL, "").rstrip("/")
    if given:
        return given
    host = environ.get("TAILRACE_HOST", "127.0.0.1")
    host = "127.0.0.1" if host in _WILDCARDS else f"[{host}]" if ":" in host else host
    return f"http://{host}:{environ.get('PORT') or 8000}"


def figures_in(text: str) -> dict[str, float]:
    """Our figures in Prometheus's text, those of several queues added up."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - where it is needed

    found = dict.fromkeys(_FIGURES.values(), 0.0)
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in _FIGURES and math.isfinite(sample.value):
                    found[_FIGURES[sample.name]] += sample.value
    except ValueError:
        raise ProbeFailed("what answers there is not Tailrace") from None
    return found


def number_in(body: bytes, pointer: str) -> float:
    """The number at *pointer* (RFC 6901); text that is one counts too."""
    from jsonpointer import JsonPointer, JsonPointerException  # noqa: PLC0415 - where it is needed

    try:
        found: Any = JsonPointer(pointer).resolve(json.loads(body))
    except (ValueError, RecursionError):
        raise ProbeFailed("the answer is no JSON") from None
    except JsonPointerException:
        raise ProbeFailed(f"there is nothing at {pointer!r} of the document") from None
    return as_number(found)


def as_number(found: object) -> float:
    """*found* as a number that can be measured; ProbeFailed where it is none."""
    try:
        value = math.nan if isinstance(found, bool) or found is None else float(found)  # type: ignore[arg-type] # or raises
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if math.isnan(value):
        raise ProbeFailed(f"what stands there is no number but {type(found).__name__}")
    if math.isinf(value):
        raise ProbeFailed("what stands there is not finite")
    return value


def _good(answer: Answer) -> Answer:
    if answer.code != _OK:
        raise ProbeFailed(f"it answers {answer.code}")
    return answer
