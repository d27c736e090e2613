"""Rings as Celery and kombu write them, for whoever has a call to the broker's own Redis to make anyway.

To ring through both is a third of what a submit costs, most of it the way to one LPUSH. Kombu is asked once for each
queue what it would push, by its own hook for publishing in batches; only the ids are new in each ring.
"""

import json
import logging
import os
from typing import Any, NamedTuple

from celery import Celery
from kombu.exceptions import OperationalError
from kombu.messaging import Producer
from kombu.transport.redis import Channel

#: In place of the ids, in what is kept of a ring.
_TASK_ID, _DELIVERY_TAG = "<task id>", "<delivery tag>"
#: What says whether two clients speak of one database, and what it is where an address leaves it out.
_PLACE: dict[str, Any] = {"host": "localhost", "port": 6379, "path": None, "db": 0}

log = logging.getLogger(__name__)


class Ring(NamedTuple):
    """To be pushed to the list *key*."""

    key: str
    text: str


class Rings:
    """Rings of task *name*, sent by *app*, in words of the Redis that *store* is a client of."""

    def __init__(self, app: Celery, name: str, store: Any) -> None:
        self._app, self._name, self._store = app, name, store
        #: By queue; None where rings lie elsewhere, or are written in a way that is not known here.
        self._models: dict[str, Ring | None] = {}

    def ring(self, queue: str, argument: str) -> Ring | None:
        """A ring with ids of its own; None where it has to go through Celery."""
        if queue not in self._models:
            try:
                self._models[queue] = self._ask(queue, argument)
            except (OperationalError, OSError) as error:
                log.debug("kombu cannot be asked how it rings (%s)", type(error).__name__)
                return None
        model = self._models[queue]
        return model and Ring(model.key, _with_ids(model.text, *_new_ids()))

    def _ask(self, queue: str, argument: str) -> Ring | None:
        with self._app.producer_or_acquire() as producer:
            channel = producer.channel
            if type(channel) is not Channel or _place(channel.pool) != _place(self._store.connection_pool):
                return None
            listening = _Listening(channel)
            by = Producer(listening)  # type: ignore[no-untyped-call]
            self._app.send_task(
                self._name, args=[argument], queue=queue, ignore_result=True, task_id=_TASK_ID, producer=by
            )
        return _model(listening.written)


class _Listening:
    """A channel of kombu's that sends no message: what it would write is taken down."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.written: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def basic_publish(self, message: dict[str, Any], **where: Any) -> Any:
        return self._channel.basic_publish(message, _publish_batch=self, **where)  # type: ignore[no-untyped-call]

    def add(self, *command: Any) -> None:
        """Called by the channel with each command that it would send."""
        self.written.append(command)


def _model(written: list[tuple[Any, ...]]) -> Ring | None:
    match written:
        case [("lpush", str(key), str(text))]:
            tag = json.loads(text)["properties"]["delivery_tag"]
            return Ring(key, text.replace(tag, _DELIVERY_TAG))
    return None


def _with_ids(text: str, task_id: str, delivery_tag: str) -> str:
    return text.replace(_TASK_ID, task_id).replace(_DELIVERY_TAG, delivery_tag)


def _new_ids() -> tuple[str, str]:
    """Two UUIDs of version 4, which the library takes five times as long to make."""
    text = os.urandom(32).hex()
    first, second = (f"{t[:8]}-{t[8:12]}-4{t[13:16]}-a{t[17:20]}-{t[20:]}" for t in (text[:32], text[32:]))
    return first, second


def _place(pool: Any) -> tuple[Any, ...]:
    return tuple(pool.connection_kwargs.get(part) or usual for part, usual in _PLACE.items())
