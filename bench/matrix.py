"""The decision matrix: what was found, as tables for the terminal and for docs/transports.md."""

import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from bench.counting import Count
from bench.passing import OBSTACLES, Passage
from bench.proxies import nginx_version
from bench.tables import markdown, put

BEGIN, END = "<!-- measured: ./tailrace bench transports --write -->", "<!-- end of what was measured -->"
NOTES = """\
Measured {made}.
Latency is from an event's `time` at the worker until a reader has it; bytes are what clients send and receive above
TCP, heads included (the events' own JSON has {payload}); CPU is what the web process spends beyond what the same job
costs it unwatched, and what the clients' process spends, in Python. All of it shares one
machine: for {waited:.0%} of the time the web process was ready to run and waited for a processor.
"""
#: Who comes back after a lost connection, and from where.
RECONNECTS = {
    "polling": "nobody has to: the next poll asks from its cursor",
    "long-poll": "nobody has to: the next request asks from its cursor",
    "SSE": "the browser, with Last-Event-ID; in a program its library or you",
    "NDJSON": "you, with ?after=",
    "WebSocket": "you or your library, with ?after=",
}
RECOMMENDED = {
    "polling": "looking now and then: scripts, cron, a dashboard that may be a second behind",
    "long-poll": "where something on the way holds streams back; when the service says it is overloaded",
    "SSE": "browsers, and whatever has a library for it: the first choice",
    "NDJSON": "programs and shells without such a library: `curl -N`, jq, a pipeline",
    "WebSocket": "clients that also speak (cancel, ack), where everything on the way upgrades",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One transport at one rate: milliseconds, requests a minute of one client, bytes and µs of CPU per event."""

    transport: str
    rate: float
    p50: float
    p99: float
    requests: float
    wire: float
    payload: float
    web: float
    client: float

    @classmethod
    def of(cls, transport: str, rate: float, count: Count, *, polled: float, web: float) -> Self:
        late, events = sorted(count.latencies), len(count.latencies)
        return cls(
            transport=transport,
            rate=rate,
            p50=late[events // 2],
            p99=late[events * 99 // 100],
            requests=polled,
            wire=count.wire / events,
            payload=count.payload / events,
            web=web / events * 1e6,
            client=count.cpu / events * 1e6,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that one run has found; memory in bytes of one idle client, *waited* a share of the time."""

    cells: Sequence[Cell]
    lines: dict[str, tuple[int, int]]
    memory: dict[str, float]
    passages: dict[str, Passage]
    waited: float
    made: str


def machine() -> str:
    """What it was measured on and with, and when."""
    with_ = [f"Python {platform.python_version()}", _redis(), nginx_version()]
    return f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {platform.system()}, {', '.join(with_)}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = re.findall(r"(?m)^model name\s*: (.+)$", info.read_text("utf-8")) if info.exists() else []
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def _redis() -> str:
    said = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    found = re.search(r"v=([0-9.]+)", said)
    return f"Redis {found[1]}" if found else "Redis"


# Tables -----------------------------------------------------------------------------------------------------------


def tables(findings: Findings) -> str:
    """Both tables and what they were made with, as Markdown that can be read as it is."""
    payload = round(sum(cell.payload for cell in findings.cells) / len(findings.cells))
    notes = NOTES.format(made=findings.made, payload=payload, waited=findings.waited)
    return f"{markdown(_by_rate(findings))}\n\n{markdown(_by_transport(findings))}\n\n{notes}"


def _by_rate(findings: Findings) -> list[list[str]]:
    head = [
        "transport",
        "events/s",
        "timeliness 实时性: latency p50, ms",
        "p99, ms",
        "cost 资源消耗: requests a minute and client",
        "bytes an event",
        "µs of CPU an event: web process",
        "client",
    ]
    return [head, *([cell.transport, f"{cell.rate:g}", *_figures(cell)] for cell in findings.cells)]


def _figures(cell: Cell) -> list[str]:
    return [f"{value:.0f}" for value in (cell.p50, cell.p99, cell.requests, cell.wire, cell.web, cell.client)]


def _by_transport(findings: Findings) -> list[list[str]]:
    obstacles = [f"compatibility 兼容性: {OBSTACLES[0]}", *OBSTACLES[1:]]
    lines = ["complexity 复杂度: lines of client code, Python", "browser"]
    head = ["transport", *lines, "cost 资源消耗: KiB of an idle client", *obstacles]
    return [[*head, "who reconnects; what is lost", "recommended use 推荐场景"], *_rows(findings)]


def _rows(findings: Findings) -> list[list[str]]:
    return [
        [
            name,
            *map(str, findings.lines[name]),
            f"{findings.memory[name] / 1024:.1f}" if name in findings.memory else "not run",
            *(passage.verdicts[kind] for kind in OBSTACLES),
            f"{RECONNECTS[name]}; {_lost(passage)}",
            RECOMMENDED[name],
        ]
        for name, passage in findings.passages.items()
    ]


def _lost(passage: Passage) -> str:
    return f"{'nothing' if passage.whole else 'EVENTS'} lost in {passage.cuts} cuts"


def written(page: Path, findings: Findings) -> None:
    put(page, tables(findings), BEGIN, END)
