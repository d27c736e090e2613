"""A Redis Cluster behind the face of one Redis: each command goes to the node that has its key, and to it once.

redis-py's own RedisCluster connects when it is made, repeats what a pipeline lost, one command after the other and each
with its own timeout, and has no bound that waits for a free connection (docs/adr/0023).
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError

from jobs.lean import Script
from jobs.redis_url import Address

#: Times that one command is sent on from node to node before the cluster counts as not settled.
HOPS = 5
#: A command and redis-py's options for its answer.
Call = tuple[tuple[Any, ...], dict[str, Any]]

_AWAY = (redis.ConnectionError, redis.TimeoutError, ClusterDownError)


class Cluster(redis.Redis):
    """*client_of* makes the client of one node; nothing is connected before the first command.

    A node that fails, or that sends a command on, makes the next command look anew at who has what. What failed is not
    repeated, for it may have been done; what was sent on was not done.
    """

    def __init__(self, seeds: Sequence[Address], client_of: Callable[[Address], redis.Redis]) -> None:
        self._client_of, self._lock = client_of, threading.Lock()
        #: Every node that was ever told, replicas too, by its address; the seeds are asked when all others are gone.
        self._places, self._seeds = set(seeds), tuple(seeds)
        self._nodes: dict[Address, Any] = {}
        self._owners: dict[int, Address] = {}
        self._stale = True
        self._failed: Address | None = None
        super().__init__(connection_pool=self._node(seeds[0]).connection_pool)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        at = self._owner(words)
        for _ in range(HOPS):
            try:
                return self._node(at).execute_command(*words, **options)
            except MovedError as moved:
                at = self._owners[moved.slot_id] = (moved.host or at[0], moved.port)
                self._stale = True
            except AskError as asked:
                return self._asking((asked.host or at[0], asked.port), (words, options))
            except _AWAY:
                self._fail(at)
                raise
        raise redis.ConnectionError("the nodes of the cluster send a command round in circles")

    def _asking(self, at: Address, call: Call) -> Any:
        """Sends a command to the node that a slot is just moving to."""
        with self._node(at).pipeline(transaction=False) as pipe:
            pipe.execute_command("ASKING")
            pipe.execute_command(*call[0], **call[1])
            return pipe.execute()[1]

    def pipeline(self, transaction: bool = True, shard_hint: None = None) -> Any:  # noqa: ARG002 - as redis-py has it
        if transaction:
            raise NotImplementedError("a cluster has no transaction over its nodes")
        return _Pipeline(self)

    def together(self, calls: Sequence[Call]) -> list[Any]:
        """The answers to *calls*, one exchange with each node that they concern."""
        found: list[Any] = [None] * len(calls)
        by_node: dict[Address, list[int]] = {}
        for n, (words, _) in enumerate(calls):
            by_node.setdefault(self._owner(words), []).append(n)
        for at, numbers in by_node.items():
            for n, answer in zip(numbers, self._exchange(at, [calls[n] for n in numbers]), strict=True):
                found[n] = answer
        for n, answer in enumerate(found):
            if isinstance(answer, AskError):
                found[n] = self.execute_command(*calls[n][0], **calls[n][1])
            elif isinstance(answer, Exception):
                self._stale = True
                raise answer
        return found

    def _exchange(self, at: Address, calls: Sequence[Call]) -> list[Any]:
        try:
            with self._node(at).pipeline(transaction=False) as pipe:
                for words, options in calls:
                    pipe.execute_command(*words, **options)
                return list(pipe.execute(raise_on_error=False))
        except _AWAY:
            self._fail(at)
            raise

    def register_script(self, script: Any) -> Any:
        return Script(self, script)

    def living(self) -> redis.Redis:
        """The client of any node that answers, replicas too; a different one each time, so that load is spread."""
        client: redis.Redis = self._ask_around(lambda client: client.ping())[0]
        return client

    def close(self) -> None:
        for client in getattr(self, "_nodes", {}).values():
            client.connection_pool.disconnect()

    # Who has what ---------------------------------------------------------------------------------------------

    def _node(self, at: Address) -> Any:
        client = self._nodes.get(at)
        if client is None:
            client = self._nodes.setdefault(at, self._client_of(at))
        return client

    def _owner(self, words: tuple[Any, ...]) -> Address:
        #: While the first look is under way nothing is stale and nothing known.
        if self._stale or not self._owners:
            self._look()
        key = _key(words)
        owner = self._owners.get(key_slot(key.encode() if isinstance(key, str) else key))
        if owner is None:
            self._stale = True
            raise ClusterDownError("CLUSTERDOWN no node has the slot")
        return owner

    def _fail(self, at: Address) -> None:
        self._stale, self._failed = True, at

    def _look(self) -> None:
        """One looks at a time; the others go by what was known, or wait where nothing is known yet."""
        if not self._lock.acquire(blocking=not self._owners):
            return
        try:
            if self._stale:
                self._stale = False
                self._take(*self._ask_around(lambda client: client.execute_command("CLUSTER SLOTS")))
        except BaseException:
            self._stale = True
            raise
        finally:
            self._lock.release()

    def _ask_around(self, question: Callable[[Any], Any]) -> tuple[Any, Any]:
        """The first node that answers, and its answer; the one that failed last is asked last."""
        places = sorted(self._places, key=lambda at: (at == self._failed, random.random()))  # noqa: S311 - spreads load
        for at in places:
            try:
                return self._node(at), question(self._node(at))
            except (redis.ConnectionError, redis.TimeoutError):
                continue
        raise redis.ConnectionError("no node of the cluster answers")

    def _take(self, client: Any, rows: Sequence[Any]) -> None:
        asked = str(client.connection_pool.connection_kwargs["host"])
        owners: dict[int, Address] = {}
        places = set(self._seeds)
        for first, last, *nodes in rows:
            told = [((host or b"").decode() or asked, int(port)) for host, port, *_ in nodes]
            places.update(told)
            owners.update(dict.fromkeys(range(first, last + 1), told[0]))
        self._owners, self._places = owners, places
        for gone in self._nodes.keys() - places:
            self._nodes.pop(gone, None)


class _Pipeline(redis.client.Pipeline):
    """Collects commands as redis-py does, and sends them by node."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.connection_pool, {}, False, None)
        self._cluster = cluster

    def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: ARG002 - as redis-py has it
        calls = [(call[0], call[1]) for call in self.command_stack]
        self.reset()
        return self._cluster.together(calls)


def _key(words: tuple[Any, ...]) -> Any:
    """The key that says where a command belongs: all keys of ours that one command names share a slot."""
    place = 3 if words[0] in {"EVAL", "EVALSHA"} else 1
    if len(words) <= place:
        raise ValueError(f"{words[0]} names no key, so no node of a cluster is the one to ask")
    return words[place]
