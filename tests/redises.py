"""Several real Redis as one: a cluster, and a master with a replica that Sentinel watches."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot

from tests.fault_proxy import FaultProxy
from tests.service import RedisServer, free_port, wait_for

#: In a URL, where these would end the password.
PASSWORD, QUOTED = "s3:cr@t/1", "s3%3Acr%40t%2F1"
#: After so many ms of silence a master counts as dead.
SILENCE_MS = 500
#: Sentinel leads a replica that follows anybody but its own master back to it after so long: past the wire that a test
#: has put between them, and that no test is to lose. A failover that succeeds at once waits for none of it.
FAILOVER_MS = 120_000
SLOTS = 16384
#: The first Redis that gives its bus a port by choice and slots by ranges.
OLDEST = 7
#: A replica asks for its first copy at once, not after the five seconds in which others might ask too.
_AT_ONCE = ("--repl-diskless-sync-delay", "0")


def server_version() -> int:
    """The first number of the version of the server on PATH."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout if binary else ""
    found = re.search(r"v=(\d+)", said)
    return int(found[1]) if found else 0


def follows(replica: RedisServer) -> bool:
    with replica.client() as client:
        return bool(client.info("replication").get("master_link_status") == "up")


class ClusterNode(RedisServer):
    """A server of a cluster; its bus has a port of its own, for the usual one may be another test's."""

    def __init__(self) -> None:
        self.bus = free_port()
        options = ("--cluster-enabled", "yes", "--cluster-port", str(self.bus))
        timeout = ("--cluster-node-timeout", str(SILENCE_MS), "--cluster-replica-validity-factor", "0")
        super().__init__(*options, *timeout, *_AT_ONCE, durable=True, password=PASSWORD)

    def say(self, *words: Any) -> Any:
        with self.client() as client:
            return client.execute_command(*words)

    @property
    def id(self) -> str:
        return str(self.say("CLUSTER MYID").decode())

    def settled(self, nodes: int) -> bool:
        info = self.say("CLUSTER INFO")
        return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", str(nodes))

    def knows_a_replica(self) -> bool:
        return any("slave" in node["flags"] for node in self.say("CLUSTER NODES").values())


class RedisCluster:
    """Three masters with a third of the slots each, and a replica of the one that has *key*."""

    def __init__(self, key: str) -> None:
        if server_version() < OLDEST:
            pytest.skip(f"a cluster is made here with Redis {OLDEST} or newer")
        self.masters: list[ClusterNode] = []
        self.replica: ClusterNode | None = None
        try:
            self._build(key)
        except BaseException:
            self.stop()
            raise
        places = ",".join(f"127.0.0.1:{node.port}" for node in self.masters)
        self.url = f"redis+cluster://:{QUOTED}@{places}"

    def _build(self, key: str) -> None:
        self.masters += [ClusterNode() for _ in range(3)]
        self.replica = ClusterNode()
        for n, node in enumerate(self.masters):
            node.say("CLUSTER SET-CONFIG-EPOCH", n + 1)
            node.say("CLUSTER ADDSLOTSRANGE", SLOTS * n // 3, SLOTS * (n + 1) // 3 - 1)
        for node in (*self.masters[1:], self.replica):
            node.say("CLUSTER MEET", "127.0.0.1", self.masters[0].port, self.masters[0].bus)
        for node in self.nodes:
            wait_for(lambda node=node: node.settled(4), what="the cluster")
        self.owner = self.masters[key_slot(key.encode()) * 3 // SLOTS]
        self.replica.say("CLUSTER REPLICATE", self.owner.id)
        replica = self.replica
        wait_for(lambda: follows(replica), what="the replica")
        for node in self.nodes:
            wait_for(lambda node=node: node.knows_a_replica(), what="the replica to be known")

    @property
    def nodes(self) -> list[ClusterNode]:
        return [*self.masters, *([self.replica] if self.replica else [])]

    def has(self, node: ClusterNode, key: str) -> bool:
        """Whether *key* belonged to the third of *node* when the cluster was made."""
        return self.masters[key_slot(key.encode()) * 3 // SLOTS] is node

    def flush(self) -> None:
        for node in self.masters:
            node.say("FLUSHALL")

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


class WatchedPair:
    """A master, its replica, and a Sentinel that makes the one the other when it must; the first one named is dead.

    What the master copies to its replica goes over *wire*.
    """

    SERVICE = "shop"

    def __init__(self) -> None:
        self._stack = ExitStack()
        try:
            self._build()
        except BaseException:
            self.stop()
            raise
        places = f"127.0.0.1:{free_port()},127.0.0.1:{self.port}"
        self.url = f"redis+sentinel://:{QUOTED}@{places}/{self.SERVICE}/0"

    def _build(self) -> None:
        self.master = RedisServer(*_AT_ONCE, durable=True, password=PASSWORD)
        self._stack.callback(self.master.stop)
        self.wire = self._stack.enter_context(FaultProxy(self.master.port))
        following = ("--replicaof", "127.0.0.1", str(self.wire.port))
        self.replica = RedisServer(*_AT_ONCE, *following, durable=True, password=PASSWORD)
        self._stack.callback(self.replica.stop)
        wait_for(lambda: follows(self.replica), what="the replica")
        self._watch()

    def _watch(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="tailrace-test-sentinel-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.port, watched = free_port(), self.SERVICE
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {folder}",
            f"sentinel monitor {watched} 127.0.0.1 {self.master.port} 1",
            f'sentinel auth-pass {watched} "{PASSWORD}"',
            f"sentinel down-after-milliseconds {watched} {SILENCE_MS}",
            f"sentinel failover-timeout {watched} {FAILOVER_MS}",
        ]
        (folder / "sentinel.conf").write_text("\n".join(lines) + "\n")
        with (folder / "sentinel.log").open("ab") as log:
            words = [self.master.binary, str(folder / "sentinel.conf"), "--sentinel"]
            process = subprocess.Popen(words, stdout=log, stderr=log)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        wait_for(self._sees_the_replica, what="Sentinel")

    def _sees_the_replica(self) -> bool:
        import redis

        try:
            with redis.Redis(port=self.port, protocol=2) as client:
                return bool(client.sentinel_slaves(self.SERVICE))
        except redis.RedisError:
            return False

    def stop(self) -> None:
        self._stack.close()


@contextmanager
def redis_cluster(key: str = "tr1") -> Iterator[RedisCluster]:
    cluster = RedisCluster(key)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def watched_pair() -> Iterator[WatchedPair]:
    pair = WatchedPair()
    try:
        yield pair
    finally:
        pair.stop()
