"""Every setting, read once from the environment; a bad value stops the start with the variable's name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobs.errors import SettingsError
from jobs.redis_url import Mode, RedisUrl


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The service's settings; each field's comment is its variable's line in ``docs/operations.md``."""

    #: REDIS_URL: where the log lives: redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://.
    redis_url: str = field(repr=False)
    #: TAILRACE_BROKER_URL: where Celery's doorbell lives; REDIS_URL unless set, or unless that is a cluster.
    broker_url: str = field(repr=False)
    #: TAILRACE_HOST: the address to bind; anything but loopback needs TAILRACE_TOKEN.
    host: str = "127.0.0.1"
    #: PORT: the port to bind.
    port: int = 8000
    #: TAILRACE_SHARE_PORT: several web processes share the port (set by ``tailrace up``).
    share_port: bool = False
    #: TAILRACE_DATA: the folder for everything kept on this machine.
    data: Path = Path("data")
    #: TAILRACE_FILES: uploads and artifacts, a folder or an fsspec URL; DATA/files unless set.
    files_url: str = ""
    #: TAILRACE_TOKEN: what a caller must know; none asks nothing, on loopback only.
    token: str | None = field(default=None, repr=False)
    #: TAILRACE_HOSTS: host names that requests may name, comma-separated; ``*`` for any.
    hosts: tuple[str, ...] = ()
    #: TAILRACE_ORIGINS: other origins whose pages may call, comma-separated.
    origins: tuple[str, ...] = ()
    #: TAILRACE_JOBS: the modules whose job types a worker carries, comma-separated.
    job_modules: tuple[str, ...] = ("worker.catalogue",)
    #: TAILRACE_QUEUES: the queues a worker listens to, comma-separated; those of its job types unless set.
    queues: tuple[str, ...] = ()
    #: TAILRACE_CONCURRENCY: jobs that one worker process runs at a time.
    concurrency: int = 2
    #: TAILRACE_POOL: how a worker runs several jobs: prefork (a process each), threads or gevent (in one process).
    pool: str = "prefork"
    #: TAILRACE_RETENTION_SECONDS: how long a job is kept after its terminal event.
    retention_seconds: int = 7 * 86400
    #: TAILRACE_LOG_MAX_EVENTS: events kept of one job; older ones go.
    log_max_events: int = 100_000
    #: TAILRACE_LOG_MAX_BYTES: bytes of events kept of one job; older ones go.
    log_max_bytes: int = 64 << 20
    #: TAILRACE_MAX_BODY_BYTES: the largest JSON body.
    max_body_bytes: int = 60_000
    #: TAILRACE_MAX_FILE_BYTES: the largest upload.
    max_file_bytes: int = 1 << 30
    #: TAILRACE_MAX_QUEUED: jobs that may wait; one more is answered 429.
    max_queued: int = 100_000
    #: TAILRACE_MAX_STREAMS: event streams that one web process carries.
    max_streams: int = 10_000
    #: TAILRACE_MAX_STREAMS_PER_JOB: of them, those of one job.
    max_streams_per_job: int = 5_000
    #: TAILRACE_MAX_STREAMS_PER_CLIENT: of them, those of one client's address; this machine's own is exempt.
    max_streams_per_client: int = 500
    #: TAILRACE_PROXIES: how many proxies stand in front whose ``X-Forwarded-*`` are to be believed.
    proxies: int = 0
    #: TAILRACE_DEGRADE: 0 where a web process is never to cut down by itself.
    degrade: bool = True
    #: TAILRACE_DEGRADATION_LEVEL: the least level (0 to 4) that a web process cuts down to, for drills and tests.
    degradation_level: int = 0
    #: TAILRACE_HEARTBEAT_SECONDS: silence on a stream after which a comment is sent.
    heartbeat_seconds: float = 15.0
    #: TAILRACE_ROTATE_SECONDS: the age at which a stream is asked to reconnect.
    rotate_seconds: float = 600.0
    #: TAILRACE_STREAM_TOKEN_SECONDS: how long the token in links.events is good.
    stream_token_seconds: int = 3600
    #: TAILRACE_LEASE_SECONDS: a worker that has not renewed for so long has lost its jobs.
    lease_seconds: float = 6.0
    #: TAILRACE_DRAIN_SECONDS: what running jobs get to finish when their worker is told to stop.
    drain_seconds: float = 20.0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Reads the variables above; SettingsError names the one that cannot be."""
        given: dict[str, Any] = {}
        for name, (variable, parse) in _VARIABLES.items():
            text = env.get(variable, "").strip()
            if text:
                given[name] = _parsed(variable, parse, text)
        if "redis_url" not in given:
            raise SettingsError(name="REDIS_URL", why="is not set; ./tailrace up brings a Redis of its own")
        given["broker_url"] = given.get("broker_url") or _broker_beside(given["redis_url"])
        given["data"] = given.get("data", cls.data).absolute()
        given.setdefault("files_url", str(given["data"] / "files"))
        settings = cls(**given)
        if not settings.loopback and settings.token is None:
            why = "an address beyond loopback without TAILRACE_TOKEN would let anybody in; set a token"
            raise SettingsError(name="TAILRACE_HOST", why=why)
        return settings

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the port."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def _number(kind: type, low: float, high: float) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"must be a {'whole ' if kind is int else ''}number") from None
        if not low <= value <= high:
            raise ValueError(f"must lie between {low:g} and {high:g}")
        return value

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _yes(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 0 or 1")
    return text == "1"


def _token(text: str) -> str:
    if len(text) < 16:  # noqa: PLR2004 - shorter can be guessed
        raise ValueError("must have at least 16 characters")
    return text


def _redis_url(text: str) -> str:
    return RedisUrl.parse(text).text


def _broker_url(text: str) -> str:
    """Any of Celery's; Sentinel in our own form, for Celery's names no service."""
    scheme = urlsplit(text).scheme
    if scheme.endswith("+cluster"):
        raise ValueError("must not be a cluster: Celery cannot use one")
    if scheme == "sentinel":
        raise ValueError("must begin with redis+sentinel:// where Sentinel names the broker, and end with the service")
    return RedisUrl.parse(text).text if scheme.endswith("+sentinel") else text


def _broker_beside(redis_url: str) -> str:
    if RedisUrl.parse(redis_url).mode is Mode.CLUSTER:
        why = "must be set where REDIS_URL is a cluster, which Celery cannot use: give it a Redis server or Sentinel"
        raise SettingsError(name="TAILRACE_BROKER_URL", why=why)
    return redis_url


def _parsed(variable: str, parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        #: The value itself is not told, it may be a secret: only what a parser here said of it.
        why = str(error) if str(error).startswith("must") else "is malformed"
        raise SettingsError(name=variable, why=why) from None


_PARSERS: dict[str, Callable[[str], Any]] = {
    "redis_url": _redis_url,
    "broker_url": _broker_url,
    "host": str,
    "port": _number(int, 1, 65535),
    "share_port": _yes,
    "data": Path,
    "files_url": str,
    "token": _token,
    "hosts": _names,
    "origins": _names,
    "job_modules": _names,
    "queues": _names,
    "concurrency": _number(int, 1, 1000),
    "pool": _one_of("prefork", "threads", "gevent"),
    "retention_seconds": _number(int, 1, 10**9),
    "log_max_events": _number(int, 1000, 10**8),
    "log_max_bytes": _number(int, 1 << 16, 1 << 40),
    "max_body_bytes": _number(int, 1000, 60_000),
    "max_file_bytes": _number(int, 1, 1 << 50),
    "max_queued": _number(int, 1, 10**8),
    "max_streams": _number(int, 1, 10**6),
    "max_streams_per_job": _number(int, 1, 10**6),
    "max_streams_per_client": _number(int, 1, 10**6),
    "proxies": _number(int, 0, 10),
    "degrade": _yes,
    "degradation_level": _number(int, 0, 4),
    "heartbeat_seconds": _number(float, 0.1, 3600),
    "rotate_seconds": _number(float, 1, 10**6),
    "stream_token_seconds": _number(int, 10, 10**7),
    "lease_seconds": _number(float, 2, 3600),
    "drain_seconds": _number(float, 0, 3600),
}
_PLAIN = {"redis_url": "REDIS_URL", "port": "PORT", "job_modules": "TAILRACE_JOBS", "files_url": "TAILRACE_FILES"}
_VARIABLES = {
    field.name: (_PLAIN.get(field.name, f"TAILRACE_{field.name.upper()}"), _PARSERS[field.name])
    for field in fields(Settings)
}
