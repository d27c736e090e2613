"""Whose costs are compared: how each is started, what it needs, and what the generator is told of it."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.field.figures import LIMIT
from bench.field.ground import Field, Subject, Target, family
from bench.field.native import lacking, program
from tests.service import free_port, wait_for

COALESCED = f"{LIMIT}, coalescing"


@contextmanager
def process(
    field: Field, name: str, words: list[str], *, beside: bool = False, **how: Any
) -> "Iterator[subprocess.Popen[bytes]]":
    """*words* as a process on the server's core, or *beside* it on the generator's; ended with all it has started."""
    log = log_of(field, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with field.beside() if beside else field.server(), log.open("wb") as output:
        started = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **how)
    try:
        yield started
    finally:
        _end(started)


def log_of(field: Field, name: str) -> Path:
    return field.folder / "logs" / f"{name.replace(' ', '-')}.log"


@contextmanager
def served(
    field: Field, name: str, port: int, words: list[str], options: Mapping[str, Any], **how: Any
) -> Iterator[Target]:
    """*words* as a server, once its port answers; SystemExit where it ends before that."""
    with process(field, name, words, **how) as started:
        wait_for(lambda: started.poll() is not None or _listens(started.pid, port), 60, what=name)
        if started.poll() is not None:
            raise SystemExit(f"{name} ended at once:\n{log_of(field, name).read_text('utf-8')[-2000:]}")
        yield Target(field, name, family(started.pid), {"port": port, **options})


def _listens(pid: int, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        connections = [each for process in family(pid) for each in process.net_connections("tcp")]
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        everybody = family(process.pid)
        process.terminate()
        _, left = psutil.wait_procs(everybody[1:], 1)
        for each in left:
            each.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(3)
    process.kill()
    process.wait()


@contextmanager
def _bare(field: Field, _channels: int, *, coalesce: bool) -> Iterator[Target]:
    port, name = free_port(), COALESCED if coalesce else LIMIT
    words = [str(program("bare", field.folder)), str(port), str(field.redis.port), str(int(coalesce))]
    with served(field, name, port, words, {"path": "/s?channel=p%d", "pub": "redis", "ready": ":ok"}) as target:
        yield target


def without_compiler(field: Field) -> str | None:
    return lacking(field.folder)


BARE = Subject(LIMIT, lambda field, channels: _bare(field, channels, coalesce=False), without_compiler)
BARE_COALESCING = Subject(COALESCED, lambda field, channels: _bare(field, channels, coalesce=True), without_compiler)
