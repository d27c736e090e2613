"""Proxies that nobody set up for streams: what passes them, and what the service offers where a stream does not."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.balancers import Balancer
from tests.acceptance.conftest import HERE
from tests.service import Service, running_service

pytestmark = pytest.mark.acceptance

ENV = {"TAILRACE_JOBS": "jobs_on_cue", "PYTHONPATH": HERE, "TAILRACE_CONCURRENCY": "4"}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}
PROXIES = sorted(path.stem for path in Path(HERE, "proxies").glob("*.conf"))


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(**ENV) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(service: Service) -> Iterator[Callable[[str], Balancer]]:
    """Nginx by one of the files in proxies/, in front of the service."""
    running: dict[str, Balancer] = {}

    def by(name: str) -> Balancer:
        if name not in running:
            text = Path(HERE, "proxies", f"{name}.conf").read_text(encoding="utf-8")
            running[name] = Balancer("nginx", (service.port, service.port), text=text)
        return running[name]

    yield by
    for each in running.values():
        each.stop()


@pytest.fixture
def events(service: Service, tmp_path: Path) -> Iterator[str]:
    """Where the events of a new job are, which tells one each time that the test asks for it."""
    job = service.submit("on_cue", folder=str(tmp_path))
    yield str(job["links"]["events"])
    service.client.post(job["links"]["cancel"])


def items(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        text = line.removeprefix(b"data: ")
        if text.startswith(b"{") and (event := json.loads(text))["type"] == "item":
            yield event["data"]["key"]


@pytest.mark.parametrize("how", [("sse",), ("sse", "--compressed"), ("ndjson", "--http1.0")], ids=" ".join)
@pytest.mark.parametrize("name", ["as_it_comes", "http_1_0"])
def test_streams_are_prompt_behind_an_nginx_that_was_told_nothing_and_over_http_1_0(
    events: str, proxy: Callable[[str], Balancer], tmp_path: Path, name: str, how: tuple[str, ...]
) -> None:
    transport, *options = how
    words = [
        "curl",
        "-sN",
        "-m",
        "30",
        *options,
        "-H",
        f"Accept: {ACCEPT[transport]}",
        f"{proxy(name).url}{events}?after=0",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        arriving = items(iter(curl.stdout))
        for n in (1, 2, 3):
            (tmp_path / str(n)).touch()
            assert next(arriving) == f"item {n}"


@pytest.mark.parametrize("name", PROXIES)
def test_a_long_poll_is_prompt_behind_every_proxy(
    events: str, proxy: Callable[[str], Balancer], tmp_path: Path, name: str
) -> None:
    cursor, told = "0", []
    with httpx.Client(base_url=proxy(name).url, headers={"Accept": "application/json"}, timeout=40) as client:
        for n in (1, 2, 3):
            (tmp_path / str(n)).touch()
            while f"item {n}" not in told:
                page = client.get(events, params={"after": cursor, "wait": 30}).json()
                cursor = page["cursor"]
                told += [event["data"]["key"] for event in page["events"] if event["type"] == "item"]


def test_a_proxy_that_collects_whatever_it_is_told_holds_a_stream_back(
    events: str, proxy: Callable[[str], Balancer], tmp_path: Path
) -> None:
    """Why long-poll is there: were this to pass, the documents would say too little of SSE."""
    url = f"{proxy('collecting').url}{events}"
    (tmp_path / "1").touch()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, headers={"Accept": ACCEPT["sse"]}, timeout=1)
    for n in (2, 3):
        (tmp_path / str(n)).touch()
    whole = httpx.get(f"{url}?after=0", headers={"Accept": ACCEPT["sse"]}, timeout=20)
    assert whole.text.count("event: item") == 3
