"""The doorbell: a Celery message that says "queue q has work" and nothing else.

A doorbell that is lost, doubled or late does no harm: the queue is ours, a sweep rings again.
"""

import logging
from typing import Any, Protocol
from urllib.parse import urlsplit

from celery import Celery
from kombu.exceptions import ChannelError, OperationalError

from jobs.connect import sentinel_options
from jobs.redis_url import RedisUrl
from jobs.rings import Ring, Rings

#: The one task; its one argument is the queue.
TASK = "tailrace.answer"
#: How the queues of a project's own tasks begin, which no job type's queue can: its own messages begin their jobs.
FOREIGN = "celery:"

log = logging.getLogger(__name__)


class Doorbell(Protocol):
    """Rings for a queue; never raises, a doorbell that cannot be rung is rung by the next sweep."""

    def ring(self, queue: str) -> bool: ...

    def spell(self, queue: str) -> Ring | None:  # noqa: ARG002 - for those who can
        """A ring for whoever has a call to the store to make anyway; None where it has to be rung."""
        return None

    def rung(self, queue: str) -> int | None:
        """How many rings nobody has answered yet; None where that cannot be told."""
        ...

    def clear(self, queue: str) -> None:
        """Takes all unanswered rings away: their jobs were begun without them. Whoever does looks then if any waits."""
        ...


def celery_queue(queue: str) -> str:
    return f"tailrace.{queue}"


def celery_app(broker_url: str) -> Celery:
    """Celery as both tiers need it: JSON only, no results, acknowledged early, and no patience with a dead broker."""
    parts = urlsplit(broker_url)
    if parts.scheme.endswith("+sentinel"):
        return _through_sentinel(RedisUrl.parse(broker_url))
    app = Celery("tailrace", broker=f"redis+socket://{parts.path}" if parts.scheme == "unix" else broker_url)
    app.conf.update(_CONFIG)
    return app


def _through_sentinel(place: RedisUrl) -> Celery:
    """As kombu has it: each Sentinel with the login of the servers behind it, the service among the options."""
    urls = [f"sentinel://{place.login}{host}:{port}/{place.db}" for host, port in place.nodes]
    app = Celery("tailrace", broker=";".join(urls))
    app.conf.update(_CONFIG)
    asked = {"master_name": place.service, "sentinel_kwargs": sentinel_options(place)}
    app.conf.broker_transport_options = {**_CONFIG["broker_transport_options"], **asked}
    if place.tls:
        app.conf.broker_use_ssl = place.options or {"ssl_cert_reqs": "required"}
    return app


#: Each line has its reason in docs/adr/0005-doorbell.md.
_CONFIG: dict[str, Any] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "task_ignore_result": True,
    "result_backend": None,
    "task_acks_late": False,
    "task_reject_on_worker_lost": False,
    "task_create_missing_queues": True,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_proc_alive_timeout": 60,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_channel_error_retry": True,
    "broker_pool_limit": 50,
    "broker_pool_acquire_timeout": 2,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    "broker_transport_options": {
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
    },
}


class CeleryDoorbell(Doorbell):
    """Rings through Celery's broker; *store* is a client of the store's Redis, which may be the broker's too."""

    def __init__(self, app: Celery, store: Any = None) -> None:
        self._app = app
        self._rings = None if store is None else Rings(app, TASK, store)

    def ring(self, queue: str) -> bool:
        if queue.startswith(FOREIGN):
            return True
        try:
            self._app.send_task(TASK, args=[queue], queue=celery_queue(queue), ignore_result=True)
        except (OperationalError, OSError) as error:
            log.warning("the doorbell of queue %s could not be rung (%s)", queue, type(error).__name__)
            return False
        return True

    def spell(self, queue: str) -> Ring | None:
        known = self._rings is not None and not queue.startswith(FOREIGN)
        return self._rings.ring(celery_queue(queue), queue) if known and self._rings else None

    def clear(self, queue: str) -> None:
        if queue.startswith(FOREIGN):
            return
        try:
            with self._app.producer_or_acquire() as producer:
                producer.channel.queue_purge(celery_queue(queue))
        except Exception as error:  # noqa: BLE001 - rings too many are harmless, whatever it was
            log.debug("the rings of queue %s are left (%s)", queue, type(error).__name__)

    def rung(self, queue: str) -> int | None:
        if queue.startswith(FOREIGN):
            return None
        try:
            with self._app.producer_or_acquire() as producer:
                return _depth(producer.channel, celery_queue(queue))
        except (OperationalError, OSError) as error:
            log.debug("the depth of queue %s cannot be read (%s)", queue, type(error).__name__)
            return None
        except Exception as error:  # noqa: BLE001 - a queue never rung before: each transport says it in its own words
            return 0 if "no queue" in str(error).lower() or "not found" in str(error).lower() else None


def _depth(channel: Any, queue: str) -> int:
    """An empty queue is none at all in Redis, an error that would cost the connection: kombu makes another then."""
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except ChannelError as error:
        if "no queue" in str(error).lower() and getattr(channel, "is_open", True):
            return 0
        raise
