"""How far the service has cut down: each web process says its level, workers heed the highest."""

from collections.abc import Sequence
from typing import Any

import redis

from jobs import keys
from jobs.redis_log import available

#: The levels above 0, at which nothing is said.
LEVELS = (1, 2, 3, 4)
#: What no process has repeated for so long is over.
GOOD_MS = 3000


class Load:
    """In Redis, where it expires by itself: a process that dies takes its level along."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def say(self, level: int) -> None:
        """Says that this process is at *level* now."""
        if level:
            with available():
                self._client.set(keys.load(level), 1, px=GOOD_MS)

    def highest(self) -> int:
        """The highest level of any process."""
        with available():
            found: Sequence[bytes | None] = self._client.mget([keys.load(level) for level in LEVELS])
        return max((level for level, said in zip(LEVELS, found, strict=True) if said is not None), default=0)
