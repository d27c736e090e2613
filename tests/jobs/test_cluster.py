"""The router on a real cluster: each command to the node that has its key, and to it once."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from jobs import keys
from jobs.cluster import Cluster
from jobs.connect import bare_connection, redis_client
from jobs.errors import LogUnavailable
from jobs.files import new_id
from jobs.redis_log import RedisLog, available
from tests.redises import PASSWORD, ClusterNode, RedisCluster

KEY = "{moving}:a"
OTHER = "{moving}:b"


@pytest.fixture
def cluster(shared_cluster: RedisCluster) -> RedisCluster:
    shared_cluster.flush()
    return shared_cluster


@pytest.fixture
def client(cluster: RedisCluster) -> Iterator[Any]:
    made = redis_client(cluster.url)
    yield made
    made.close()


def owner(cluster: RedisCluster, key: str) -> ClusterNode:
    return next(node for node in cluster.masters if cluster.has(node, key))


def commands(cluster: RedisCluster, name: str) -> int:
    return sum(node.say("INFO", "commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"] for node in cluster.nodes)


def test_a_key_is_kept_by_the_node_that_has_its_slot(cluster: RedisCluster, client: Any) -> None:
    names = [f"key {n}" for n in range(30)]
    for name in names:
        client.set(name, name)

    assert [owner(cluster, name).say("GET", name) for name in names] == [name.encode() for name in names]


def test_a_pipeline_answers_in_order_over_all_nodes(client: Any) -> None:
    with client.pipeline(transaction=False) as pipe:
        for n in range(30):
            pipe.set(f"key {n}", n)
            pipe.get(f"key {n}")
        pipe.zadd("scores", {"a": float("inf")})
        pipe.zrange("scores", 0, -1, withscores=True)
        answers = pipe.execute()

    assert answers == [word for n in range(30) for word in (True, b"%d" % n)] + [1, [(b"a", float("inf"))]]


def test_a_script_that_a_node_does_not_know_is_brought_to_it(cluster: RedisCluster, client: Any) -> None:
    script = client.register_script("return redis.call('INCR', KEYS[1])")
    for count in (1, 2):
        assert {script([f"key {n}"], []) for n in range(30)} == {count}
        for node in cluster.masters:
            node.say("SCRIPT FLUSH")


def test_a_command_without_a_key_belongs_nowhere(client: Any) -> None:
    with pytest.raises(ValueError, match="names no key"):
        client.execute_command("DBSIZE")


def test_all_keys_of_one_job_share_a_slot_and_so_do_all_of_the_service() -> None:
    job = new_id()
    of_job = [keys.head(job), keys.log(job), keys.checkpoint(job), keys.kept(job)]
    fixed = [getattr(keys, name) for name in dir(keys) if name.isupper() and name != "PREFIX"]
    made = [keys.waiting, keys.places, keys.parked_at, keys.pace, keys.idempotency, keys.file, keys.file_users]
    of_service = [*fixed, *(make("x{y}") for make in made)]

    assert len({key_slot(key.encode()) for key in of_job}) == 1
    assert {key_slot(key.encode()) for key in of_service} == {key_slot(b"tr1")}


def moved(cluster: RedisCluster, state: str, source: ClusterNode, target: ClusterNode) -> None:
    """The slot of KEY on its way from *source* to *target*, or arrived, or back."""
    slot = key_slot(KEY.encode())
    if state == "moving":
        target.say("CLUSTER SETSLOT", slot, "IMPORTING", source.id)
        source.say("CLUSTER SETSLOT", slot, "MIGRATING", target.id)
    else:
        for node in (target, source, *cluster.masters):
            node.say("CLUSTER SETSLOT", slot, "NODE", target.id)


@pytest.fixture
def move(cluster: RedisCluster) -> Iterator[tuple[ClusterNode, ClusterNode]]:
    """A slot that is moving; where it came from and where it goes. Back in its place afterwards."""
    source = owner(cluster, KEY)
    target = next(node for node in cluster.masters if node is not source)
    moved(cluster, "moving", source, target)
    yield source, target
    for node in cluster.masters:
        node.say("FLUSHALL")
    moved(cluster, "moved", target, source)


def test_a_slot_may_move_under_a_client(cluster: RedisCluster, move: tuple[ClusterNode, ClusterNode]) -> None:
    source, target = move
    client: Any = redis_client(cluster.url)
    script = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert script([KEY], [5]) == 5, "what is new goes to where the slot moves"
    with client.pipeline(transaction=False) as pipe:
        pipe.get(KEY)
        pipe.get("key 1")
        assert pipe.execute() == [b"5", None]
    moved(cluster, "moved", source, target)

    assert script([KEY], [1]) == 6
    assert client.get(KEY) == b"6"
    client.close()


def test_keys_of_which_only_some_have_moved_are_an_unavailable_log(
    client: Any, move: tuple[ClusterNode, ClusterNode]
) -> None:
    """What is new is made where the slot goes to, so that KEY is there; OTHER could still be where it comes from."""
    client.set(KEY, 1)
    assert [node.say("CLUSTER COUNTKEYSINSLOT", key_slot(KEY.encode())) for node in move] == [0, 1]
    script = client.register_script("return redis.call('EXISTS', KEYS[1], KEYS[2])")

    with pytest.raises(LogUnavailable, match="TryAgain"), available():
        script([KEY, OTHER], [])


def test_what_failed_is_not_repeated(cluster: RedisCluster) -> None:
    """A node that is held still does later what it was sent: done once, whatever its client thought."""
    seeds = [("127.0.0.1", node.port) for node in cluster.masters]
    hasty: Any = Cluster(
        seeds, lambda at: redis.Redis(*at, password=PASSWORD, socket_timeout=0.1, retry=None, protocol=2)
    )
    node = next(node for node in cluster.masters if node is not cluster.owner)
    names = [name for name in (f"key {n}" for n in range(60)) if cluster.has(node, name)]
    for name in names:
        hasty.set(name, 0)
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    pipe = hasty.pipeline(transaction=False)
    for name in names:
        pipe.incr(name)
    try:
        with pytest.raises(redis.TimeoutError):
            pipe.execute()
    finally:
        node.process.send_signal(signal.SIGCONT)
    assert [node.say("GET", name) for name in names] == [b"1"] * len(names)
    hasty.close()


def test_the_heads_of_many_jobs_are_asked_for_once_each(cluster: RedisCluster, client: Any) -> None:
    log = RedisLog(client, retention_seconds=60, max_events=1000)
    before = commands(cluster, "hget")

    assert log.heads([new_id() for _ in range(90)]) == [None] * 90
    assert commands(cluster, "hget") - before == 90


def test_what_is_published_anywhere_reaches_whoever_listens_at_any_node(cluster: RedisCluster, client: Any) -> None:
    connection = bare_connection(client)
    connection.send_command("SUBSCRIBE", "news")
    assert connection.read_response()[:2] == [b"subscribe", b"news"]
    for node in cluster.nodes:
        node.say("PUBLISH", "news", "hear")
        assert connection.read_response() == [b"message", b"news", b"hear"]
    connection.disconnect()


def test_one_server_s_url_at_a_cluster_is_told_and_not_taken_for_an_error_of_ours(cluster: RedisCluster) -> None:
    node = cluster.masters[0]
    elsewhere = next(f"key {n}" for n in range(60) if not cluster.has(node, f"key {n}"))
    with node.client() as alone, pytest.raises(LogUnavailable, match=r"redis\+cluster"), available():
        alone.get(elsewhere)
