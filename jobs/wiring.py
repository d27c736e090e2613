"""The parts that both tiers are built of, made from the settings by each tier's root; nothing else makes one."""

from dataclasses import dataclass

import redis

from jobs.books import Books
from jobs.catalogue import Catalogue
from jobs.clock import Clock, now_ms
from jobs.connect import redis_client
from jobs.doorbell import CeleryDoorbell, Doorbell, celery_app
from jobs.files import FileStore
from jobs.index import Index
from jobs.intake import Intake
from jobs.lifecycle import Lifecycle
from jobs.load import Load
from jobs.pace import Paces
from jobs.redis_feed import RedisFeed
from jobs.redis_log import RedisLog
from jobs.scripts import OneServer
from jobs.settings import Settings
from jobs.sweep import Sweep


@dataclass(frozen=True, kw_only=True)
class Parts:
    settings: Settings
    client: redis.Redis
    log: Books
    index: Index
    catalogue: Catalogue
    paces: Paces
    files: FileStore
    lifecycle: Lifecycle
    load: Load
    sweep: Sweep
    clock: Clock


def assemble(settings: Settings, *, clock: Clock = now_ms, doorbell: Doorbell | None = None) -> Parts:
    """Builds every part; connects to nothing yet. Call it after a fork, never before one."""
    client = redis_client(settings.redis_url)
    doorbell = doorbell or CeleryDoorbell(celery_app(settings.broker_url), client)
    alone = RedisLog(
        client,
        retention_seconds=settings.retention_seconds,
        max_events=settings.log_max_events,
        max_bytes=settings.log_max_bytes,
    )
    feed = RedisFeed(client)
    index = Index(client, feed, lease_seconds=settings.lease_seconds, clock=clock)
    server = OneServer(client)
    log = Books(client, server, alone, index)
    files = FileStore(settings.files_url, client, clock)
    lifecycle = Lifecycle(log, index, Intake(client, server, alone, index), doorbell, clock)
    return Parts(
        settings=settings,
        client=client,
        log=log,
        index=index,
        catalogue=Catalogue(client, lease_seconds=settings.lease_seconds),
        paces=Paces(client),
        files=files,
        lifecycle=lifecycle,
        load=Load(client),
        sweep=Sweep(lifecycle, files, clock, retention_seconds=settings.retention_seconds),
        clock=clock,
    )
