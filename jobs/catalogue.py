"""What kinds of jobs there are, as workers publish them, and which workers live."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import redis

from jobs import keys
from jobs.events import StepPlan
from jobs.redis_log import available


class TypeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One job type: what a web process needs to know of it without loading its code."""

    name: str
    title: str
    description: str = ""
    #: JSON Schema (2020-12) of the params.
    params_schema: dict[str, Any]
    example: dict[str, Any] | None = None
    queue: str = "default"
    max_attempts: int = 3
    timeout_seconds: float | None = None
    steps: list[StepPlan] | None = None
    #: Jobs of this type that run at a time, over all workers; None for as many as there are slots.
    max_running: int | None = None
    #: Jobs with the same ``concurrency_key`` that may run when one of this type joins them.
    max_running_per_key: int = 1


class WorkerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One living worker."""

    id: str
    types: list[str]
    queues: list[str]
    concurrency: int
    started_at: str


_entry = msgspec.json.Decoder(TypeEntry)
_worker = msgspec.json.Decoder(WorkerEntry)

#: beat(workers, beats; id, worker_json, lease_ms): notes that the worker lives, and lets go of those that do not.
#: Returns 1 where it was not known.
_BEAT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local new = redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)
if #gone > 0 then
  redis.call('HDEL', KEYS[1], unpack(gone))
  redis.call('ZREM', KEYS[2], unpack(gone))
end
return new
"""

#: living(workers, beats): the JSON of every worker whose time has not run out.
_LIVING = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')
local found = {}
for _, id in ipairs(ids) do
  local row = redis.call('HGET', KEYS[1], id)
  if row then found[#found + 1] = row end
end
return found
"""


class Catalogue:
    """The job types and workers in Redis; types outlive the workers that published them."""

    def __init__(self, client: redis.Redis, *, lease_seconds: float) -> None:
        self._client: Any = client
        self._lease_ms = round(lease_seconds * 1000)
        self._beat = client.register_script(_BEAT)
        self._living = client.register_script(_LIVING)

    def publish(self, entries: Iterable[TypeEntry]) -> None:
        rows = {entry.name: msgspec.json.encode(entry) for entry in entries}
        with available():
            if rows:
                self._client.hset(keys.CATALOGUE, mapping=rows)

    def types(self) -> dict[str, TypeEntry]:
        """Every type ever published, by name."""
        with available():
            rows = self._client.hvals(keys.CATALOGUE)
        entries = sorted((_entry.decode(row) for row in rows), key=lambda entry: entry.name)
        return {entry.name: entry for entry in entries}

    def beat(self, worker: WorkerEntry) -> bool:
        """Says that *worker* lives, good for one lease; True where that was not known, at first or any more."""
        with available():
            return bool(
                self._beat([keys.WORKERS, keys.BEATS], [worker.id, msgspec.json.encode(worker), self._lease_ms])
            )

    def leave(self, worker_id: str) -> None:
        with available():
            self._client.zrem(keys.BEATS, worker_id)
            self._client.hdel(keys.WORKERS, worker_id)

    def workers(self) -> Sequence[WorkerEntry]:
        with available():
            return [_worker.decode(row) for row in self._living([keys.WORKERS, keys.BEATS])]

    def served(self) -> set[str]:
        """The types that at least one living worker carries."""
        return {name for worker in self.workers() for name in worker.types}
