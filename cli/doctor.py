"""``tailrace doctor``: what was found, what is missing, and the line that mends it."""

import argparse
import enum
import json
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from cli import port as ports
from cli.errors import CommandError, Exit
from cli.redis_binary import INSTALL_TEXT, find
from cli.text import one_line, size
from cli.up import ROOT, environment
from jobs.errors import SettingsError
from jobs.redis_url import Address, Mode, RedisUrl
from jobs.settings import Settings

#: Streams are sockets: one process that carries 10,000 needs that many files and some.
FILES_WANTED = 4096
DISK_NEEDED_BYTES, DISK_WANTED_BYTES = 200 << 20, 2 << 30
#: What the modules of job types may take.
IMPORT_SECONDS = 60
NO_REDIS = {"REDIS_URL": "redis://127.0.0.1"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Level(enum.Enum):
    """How much a finding matters: its mark and colour."""

    GOOD = ("✔", "green")
    #: Works without; something gets better with it.
    WANTED = ("!", "yellow")
    #: Does not work without.
    NEEDED = ("✘", "red")


class Finding(NamedTuple):
    """One line of the report; ``mend`` is what to type."""

    level: Level
    what: str
    said: str
    mend: str = ""


def run(arguments: argparse.Namespace) -> int:
    """1 when something needed is missing."""
    console = Console()
    environ = environment(arguments)
    missing = 0
    for look in LOOKS:
        for finding in look(environ):
            missing += finding.level is Level.NEEDED
            _show(console, finding)
    console.print("\nSomething needed is missing." if missing else "\nReady:  ./tailrace up", highlight=False)
    return Exit.FAILED if missing else Exit.OK


def _show(console: Console, finding: Finding) -> None:
    mark, colour = finding.level.value
    console.print(Text.assemble((mark, colour), f" {finding.what:<10} ", finding.said), soft_wrap=True)
    for line in finding.mend.splitlines():
        console.print(Text(f"             {line}", style="bold"), soft_wrap=True)


def python(_environ: dict[str, str]) -> Iterator[Finding]:
    """The Python that everything runs on."""
    yield Finding(Level.GOOD, "Python", f"{platform.python_version()} ({sys.executable})")


def uv(_environ: dict[str, str]) -> Iterator[Finding]:
    """What makes the virtual environment."""
    found = shutil.which("uv")
    said = f"{_version(found)} ({found})" if found else "not found; pip serves as well, a little slower"
    yield Finding(Level.GOOD, "uv", said)


def settings(environ: dict[str, str]) -> Iterator[Finding]:
    """Whether the environment's variables can be."""
    wrong = _misread(environ)
    if wrong:
        yield Finding(Level.NEEDED, "Settings", wrong, "see docs/operations.md")
    else:
        yield Finding(Level.GOOD, "Settings", "can be read")


def _misread(environ: dict[str, str]) -> str:
    try:
        Settings.from_env({**NO_REDIS, **environ})
    except SettingsError as error:
        return str(error)
    return ""


def job_types(environ: dict[str, str]) -> Iterator[Finding]:
    """What a worker of this environment carries; a process of its own looks, for modules may do anything."""
    if _misread(environ):
        return
    try:
        found = _carried({**NO_REDIS, **environ})
    except (CommandError, subprocess.TimeoutExpired) as error:
        yield Finding(Level.NEEDED, "Job types", one_line(error), "see docs/writing-jobs.md")
        return
    yield Finding(Level.GOOD, "Job types", ", ".join(found["carried"]))
    if found["left_out"]:
        said = f"{', '.join(found['left_out'])}: left out, for TAILRACE_POOL=gevent runs no async job types"
        yield Finding(Level.WANTED, "Job types", said, "give them a worker of TAILRACE_POOL=prefork or threads")


def _carried(environ: dict[str, str]) -> dict[str, list[str]]:
    """What the last line says: modules may print."""
    command = [sys.executable, "-P", "-m", "worker.carried"]
    done = subprocess.run(
        command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False
    )
    said = (done.stderr if done.returncode else done.stdout).strip().rpartition("\n")[2]
    if done.returncode:
        raise CommandError(said)
    return json.loads(said)  # type: ignore[no-any-return]


def redis(environ: dict[str, str]) -> Iterator[Finding]:
    """A Redis to use or to start."""
    if environ.get("REDIS_URL", "").strip():
        yield _outside_redis(environ["REDIS_URL"])
    elif found := find(environ):
        yield Finding(Level.GOOD, "Redis", f"{found.shown} ({found.path}), started by ./tailrace up")
    elif sys.platform == "linux" and platform.machine() == "x86_64":
        said = "none here; the first ./tailrace up fetches one from the package index"
        yield Finding(Level.WANTED, "Redis", said, "sudo apt-get install -y redis-server")
    else:
        yield Finding(Level.NEEDED, "Redis", *INSTALL_TEXT.split("\n", 1))


def _outside_redis(url: str) -> Finding:
    try:
        place = RedisUrl.parse(url.strip())
        parts = urlsplit(place.text)
        one = (parts.hostname or "127.0.0.1", parts.port or 6379) if place.mode is Mode.SERVER else None
    except ValueError as error:
        why = str(error) if str(error).startswith("must") else "is malformed"
        return Finding(Level.NEEDED, "Redis", f"REDIS_URL {why}", "see docs/operations.md")
    if parts.scheme == "unix":
        return Finding(Level.GOOD, "Redis", f"REDIS_URL names the socket {parts.path}")
    return _reached([one] if one else place.nodes)


def _reached(places: Sequence[Address]) -> Finding:
    """Of several nodes one that answers is enough: it knows the others."""
    said = f"REDIS_URL names {', '.join(f'{host}:{number}' for host, number in places)}"
    errors: list[str] = []
    for place in places:
        try:
            socket.create_connection(place, timeout=3).close()
        except OSError as error:
            errors.append(str(error))
    if len(errors) == len(places):
        mend = "unset REDIS_URL, or start it"
        return Finding(Level.NEEDED, "Redis", f"{said}, where nobody answers ({'; '.join(errors)})", mend)
    if errors:
        return Finding(
            Level.WANTED, "Redis", f"{said}, where {len(errors)} of {len(places)} do not answer", "start them"
        )
    return Finding(Level.GOOD, "Redis", f"{said}, and it answers")


def port(environ: dict[str, str]) -> Iterator[Finding]:
    """Whether the port is free."""
    number, host = environ.get("PORT") or "8000", environ.get("TAILRACE_HOST") or "127.0.0.1"
    if not number.isdecimal():
        return
    try:
        ports.reserve(host, int(number)).close()
    except CommandError as error:
        yield Finding(Level.WANTED, "Port", one_line(error), "./tailrace up --port 0")
    else:
        yield Finding(Level.GOOD, "Port", f"{number} on {host} is free")


def disk(environ: dict[str, str]) -> Iterator[Finding]:
    """Room for the log, uploads and artifacts."""
    folder = Path(environ["TAILRACE_DATA"])
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    said = f"{size(free)} free for {folder}"
    if not os.access(existing, os.W_OK):
        yield Finding(Level.NEEDED, "Disk", f"{existing} cannot be written", "choose another folder with --data")
    elif free < DISK_NEEDED_BYTES:
        yield Finding(Level.NEEDED, "Disk", said, "make room, or choose another folder with --data")
    elif free < DISK_WANTED_BYTES:
        yield Finding(Level.WANTED, "Disk", said, "make room, or choose another folder with --data")
    else:
        yield Finding(Level.GOOD, "Disk", said)


def files(_environ: dict[str, str]) -> Iterator[Finding]:
    """How many sockets one web process may hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= FILES_WANTED:
        yield Finding(Level.GOOD, "Open files", f"{soft} per process")
    else:
        said = f"{soft} per process; every stream needs one"
        yield Finding(Level.WANTED, "Open files", said, f"ulimit -n {min(hard, 65536) if hard > 0 else 65536}")


def browser(_environ: dict[str, str]) -> Iterator[Finding]:
    """Chromium, for the tests of the page only."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        yield Finding(Level.GOOD, "Chromium", f"{_version(found)} ({found})")
    else:
        said = "not found; only ./tailrace test needs it, for the page"
        yield Finding(Level.WANTED, "Chromium", said, "sudo apt-get install -y chromium")


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "does not start"
    return one_line(done.stdout, 60)


LOOKS: tuple[Callable[[dict[str, str]], Iterator[Finding]], ...] = (
    python,
    uv,
    settings,
    job_types,
    redis,
    port,
    disk,
    files,
    browser,
)
