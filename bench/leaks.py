"""What a crowd left behind once it has gone: sockets, greenlets, timers, subscriptions; none of them may stay."""

import time
from typing import Any

import httpx
import psutil
import redis

from bench.crowd import Crowd
from bench.stage import Stage
from tests.service import Process

#: Seconds in which the last stream's end is followed by the end of all that was its own.
SOON = 15.0
#: The sockets that a relay has with its clients, and the objects that it has for them: none is left.
NONE = ("subscribers", "rooms", "sockets")
#: What a process has without clients too, and how much it may differ: a request that is under way has some.
SOME = {"greenlets": 2, "timers": 2, "ios": 2}

Counts = dict[str, int]


def counts(made: Stage) -> list[Counts]:
    """Of each web process. They share a port: it is asked until all have answered."""
    pids = {made.relay_of(web).pid: web for web in made.living("web")}
    found: dict[int, Counts] = {}
    deadline = time.monotonic() + 30
    while len(found) < len(pids) and time.monotonic() < deadline:
        counted = httpx.get(f"{made.url}/counted", headers={"Connection": "close"}, timeout=30).json()
        found[counted.pop("pid")] = counted
    return [{**found[pid], "sockets": sockets(made, web)} for pid, web in pids.items()]


def warmed(made: Stage, crowd: Crowd) -> list[Counts]:
    """The same of processes that have had streams, and done everything for the first time; nobody reads any more."""
    job_id = made.submit("chatter", seconds=0.5)["id"]
    crowd.join([job_id] * len(made.living("web")) * 16)
    crowd.run(crowd.over, 30)
    return counts(made)


def sockets(made: Stage, web: Process) -> int:
    """Connections with clients."""
    mine = made.relay_of(web).net_connections()
    return sum(each.laddr.port == made.port and each.status != psutil.CONN_LISTEN for each in mine)


def subscriptions(made: Stage) -> dict[str, int]:
    with redis.Redis.from_url(made.redis.url) as store:
        subscribers = [each for each in store.client_list(_type="pubsub") if "celery" not in each.get("name", "")]
        return {
            "subscribed": len(store.pubsub_channels("tr1:*")),
            "patterns": store.pubsub_numpat(),
            "subscribers": len(subscribers),
            "connections": len(store.client_list()),
        }


def left_over(made: Stage, before: list[Counts]) -> tuple[list[str], dict[str, Any]]:
    """What is too much, and the figures it was seen by."""
    usual = {name: max(each.get(name, 0) for each in before) for name in SOME}
    deadline = time.monotonic() + SOON
    while True:
        after, subscribed = counts(made), subscriptions(made)
        faults = _faults(after, usual) + _subscribed(subscribed, len(after))
        if not faults or time.monotonic() > deadline:
            return faults, {"web processes": after, "before": usual, "Redis": subscribed}
        time.sleep(0.5)


def _faults(after: list[Counts], usual: Counts) -> list[str]:
    stayed = [f"{each.get(name)} {name}" for each in after for name in NONE if each.get(name, 0) > (name == "sockets")]
    more = [
        f"{each[name]} {name}, {usual[name]} before"
        for each in after
        for name, few in SOME.items()
        if each.get(name, 0) > usual[name] + few
    ]
    return stayed + more


def _subscribed(found: dict[str, int], processes: int) -> list[str]:
    faults = [f"{found[name]} {name}" for name in ("subscribed", "patterns") if found[name]]
    if found["subscribers"] > processes:
        faults.append(f"{found['subscribers']} subscribers for {processes} web processes")
    return faults
