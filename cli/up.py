"""``tailrace up``: the Procfile in the foreground, with a Redis of its own, kept running until it is told to stop."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from cli import port as ports
from cli.datafolder import claim
from cli.errors import CommandError, Exit, UsageError
from cli.output import Screen
from cli.procfile import Command, commands
from cli.readiness import Readiness
from cli.reaper import Reaper
from cli.redis import EmbeddedRedis, fsync_from
from cli.redis_binary import find_or_fetch
from cli.signals import Signals
from cli.supervisor import DEATHS_TOLD, Child, Supervisor
from jobs.errors import SettingsError
from jobs.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
#: What everything gets between SIGTERM and SIGKILL, more where jobs were given more to finish in.
DRAIN_SECONDS, AFTER_DRAIN_SECONDS = 25.0, 5.0
#: How often a start that takes its time says what it waits for.
PATIENCE_SECONDS = 10.0
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to knock at where all addresses are bound


def run(arguments: argparse.Namespace) -> int:
    """Runs until a signal; 0 after an orderly end."""
    environ = environment(arguments)
    settings = _settings(environ)
    #: Read before anything starts, so that a slip in the Procfile or --scale starts nothing.
    lines = _lines(arguments.procfile)
    commands(lines, scale=arguments.scale, environ=environ)
    port = 0 if arguments.port == 0 else settings.port
    with ports.reserve(settings.host, port) as bound, claim(settings.data) as lock:
        environ["PORT"] = str(bound.getsockname()[1])
        redis = _embedded(environ, settings.data)
        if redis:
            environ["REDIS_URL"] = redis.url
        chosen = commands(lines, scale=arguments.scale, environ=environ)
        with _supervisor(lock.fileno()) as supervisor:
            address = url(settings.host, environ["PORT"])
            drain_seconds = max(DRAIN_SECONDS, settings.drain_seconds + AFTER_DRAIN_SECONDS)
            _serve(supervisor, redis, chosen, address, drain_seconds)
    return Exit.OK


def environment(arguments: argparse.Namespace) -> dict[str, str]:
    """What the children get: the user's environment, the options over it, our programs first in PATH."""
    options = {
        "TAILRACE_HOST": arguments.host,
        "PORT": arguments.port or None,
        "TAILRACE_CONCURRENCY": getattr(arguments, "concurrency", None),
    }
    folder = arguments.data or Path(os.environ.get("TAILRACE_DATA") or ROOT / "data")
    return {
        "PYTHONUNBUFFERED": "1",
        **os.environ,
        **{name: str(value) for name, value in options.items() if value is not None},
        "TAILRACE_DATA": str(folder.expanduser().absolute()),
        "TAILRACE_SHARE_PORT": "1",
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", os.defpath)]),
    }


def url(host: str, port: str) -> str:
    """Where a person on this machine finds the service."""
    near = ANY_HOST.get(host.strip("[]"), host.strip("[]"))
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def _settings(environ: dict[str, str]) -> Settings:
    try:
        return Settings.from_env({"REDIS_URL": "redis://127.0.0.1", **environ})
    except SettingsError as error:
        raise UsageError(str(error)) from None


def _lines(procfile: Path) -> str:
    try:
        return procfile.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{procfile} cannot be read: {error.strerror}") from None


def _embedded(environ: dict[str, str], data: Path) -> EmbeddedRedis | None:
    if environ.get("REDIS_URL", "").strip():
        return None
    return EmbeddedRedis.prepared(find_or_fetch(environ), data / "redis", fsync=fsync_from(environ))


@contextlib.contextmanager
def _supervisor(lock: int) -> Iterator[Supervisor]:
    """A supervisor whose children are all gone afterwards, whatever happened within."""
    with Signals().installed() as signals:
        reaper = Reaper(keep_open=[lock])
        supervisor = Supervisor(Screen(), reaper, signals)
        try:
            yield supervisor
        finally:
            supervisor.close()
            reaper.close()


def _serve(
    supervisor: Supervisor, redis: EmbeddedRedis | None, chosen: list[Command], address: str, drain_seconds: float
) -> None:
    store = supervisor.start(redis.command(os.environ)) if redis else None
    try:
        if redis and store:
            _await_redis(supervisor, redis, store)
        if not supervisor.stopping:
            _run(supervisor, chosen, address, drain_seconds)
    finally:
        if store:
            #: No hurry: it has nobody to wait for, and closes its file in order.
            supervisor.stop([store], drain_seconds=DRAIN_SECONDS, hurry=False)


def _await_redis(supervisor: Supervisor, redis: EmbeddedRedis, store: Child) -> None:
    supervisor.run_until(lambda: redis.answers() or store.deaths >= DEATHS_TOLD)
    if store.deaths >= DEATHS_TOLD:
        raise CommandError(f"Redis ({redis.binary.path}) does not start; its lines above say why.")


def _run(supervisor: Supervisor, chosen: list[Command], address: str, drain_seconds: float) -> None:
    children = [supervisor.start(command) for command in chosen]
    readiness = Readiness(address)
    try:
        if any(command.name.startswith("web.") for command in chosen):
            readiness.start()
            _tell_when_ready(supervisor, readiness, address)
        supervisor.run_until(lambda: False)
    finally:
        readiness.close()
        supervisor.say("stopping: running jobs get a moment; Ctrl-C again ends them at once")
        supervisor.stop(children, drain_seconds=drain_seconds)


def _tell_when_ready(supervisor: Supervisor, readiness: Readiness, address: str) -> None:
    supervisor.run_until(readiness.waited(PATIENCE_SECONDS))
    while not (supervisor.stopping or readiness.ready.is_set()):
        supervisor.say(f"not ready yet: {readiness.last}")
        supervisor.run_until(readiness.waited(PATIENCE_SECONDS))
    if readiness.ready.is_set():
        supervisor.announce(f"Tailrace is ready at {address}")
