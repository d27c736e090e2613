"""A submit sent twice is one job: what each ``Idempotency-Key`` led to, kept for a day."""

import hashlib
import re
from typing import Any

import msgspec
import redis

from app.problems import Problem
from jobs import keys
from jobs.redis_log import available

KEEP_SECONDS = 24 * 3600

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class Promise(msgspec.Struct, frozen=True):
    """What a key stands for; ``stored`` is False until the job is known to have been created."""

    fingerprint: str
    job_id: str
    stored: bool = False


_decoder = msgspec.json.Decoder(Promise)


def check_key(key: str | None) -> str | None:
    if key is not None and _KEY.fullmatch(key) is None:
        raise Problem("malformed_header", "Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return key


def fingerprint(body: dict[str, Any]) -> str:
    """The same for the same JSON, whatever the order of its members."""
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


class Idempotency:
    """Promises in Redis; calls may raise LogUnavailable."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def recall(self, place: str, mark: str) -> Promise | None:
        """What was promised under the key at *place*; 409 where it was for another body than *mark*'s."""
        with available():
            found = self._client.get(place)
        if found is None:
            return None
        promise = _decoder.decode(found)
        if promise.fingerprint != mark:
            raise Problem("idempotency_conflict", "This Idempotency-Key was used for another body.")
        return promise

    def promise(self, place: str, mark: str, job_id: str) -> Promise:
        """Writes down that the key stands for *job_id*, unless somebody was first: then what it stands for."""
        promise = Promise(mark, job_id)
        with available():
            new = self._client.set(place, msgspec.json.encode(promise), nx=True, ex=KEEP_SECONDS)
        return promise if new else self.recall(place, mark) or promise

    def keep(self, place: str, promise: Promise) -> None:
        """The promised job has been created: should it be gone later, it is not to be made again."""
        if promise.stored:
            return
        kept = msgspec.structs.replace(promise, stored=True)
        with available():
            self._client.set(place, msgspec.json.encode(kept), xx=True, keepttl=True)


def place(principal: str, key: str) -> str:
    """The Redis key for a caller's Idempotency-Key."""
    return keys.idempotency(hashlib.sha256(f"{principal}\n{key}".encode()).hexdigest())
