import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from app.admission import CLIENT, JOB, LOAD, PROCESS, Admission
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.rate import TURNING_AWAY
from app.relay.subscriber import Reading
from jobs.wiring import Parts
from tests.app.relay.conftest import PACE, relay_of

A_JOB, ANOTHER = "a" * 26, "b" * 26
CLIENT_A, CLIENT_B = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def relay(session_parts: Parts) -> Iterator[Relay]:
    made = relay_of(session_parts, PACE)
    yield made
    made.stop()


@pytest.fixture
def admission(relay: Relay, session_parts: Parts) -> Callable[..., Admission]:
    return lambda **limits: Admission(relay, replace(session_parts.settings, **limits))


@pytest.fixture
def opened(relay: Relay) -> Iterator[Callable[..., None]]:
    """Opens so many streams of a job for a client."""
    kept: list[socket.socket] = []

    def open_(count: int, job_id: str = A_JOB, peer: str = CLIENT_A) -> None:
        for _ in range(count):
            ours, theirs = socket.socketpair()
            kept.append(ours)
            relay.adopt(theirs, Reading(job_id=job_id, after="latest", lens=Lens(), peer=peer))

    yield open_
    for sock in kept:
        sock.close()


def asked(peer: str = CLIENT_A, **headers: str) -> Request:
    return Request(EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": peer}).get_environ())


def test_a_process_carries_so_many_streams(admission: Any, opened: Any) -> None:
    opened(2)
    assert admission(max_streams=3).refused(A_JOB, asked()) is None
    opened(1)
    assert admission(max_streams=3).refused(A_JOB, asked()) == PROCESS


def test_a_job_has_so_many_and_others_go_on(admission: Any, opened: Any) -> None:
    opened(3)
    strict = admission(max_streams_per_job=3)
    assert strict.refused(A_JOB, asked()) == JOB
    assert strict.refused(ANOTHER, asked()) is None
    assert strict.refused(None, asked()) is None


def test_a_client_has_so_many_and_others_go_on(admission: Any, opened: Any) -> None:
    opened(3)
    strict = admission(max_streams_per_client=3)
    assert strict.refused(ANOTHER, asked()) == CLIENT
    assert strict.refused(None, asked()) == CLIENT
    assert strict.refused(A_JOB, asked(CLIENT_B)) is None


def test_this_machine_itself_is_no_client_that_is_counted(admission: Any, opened: Any) -> None:
    for peer in ("127.0.0.1", "::1", ""):
        opened(3, peer=peer)
        assert admission(max_streams_per_client=3).refused(A_JOB, asked(peer)) is None


def test_whoever_comes_through_a_trusted_proxy_is_counted_wherever_it_comes_from(admission: Any, opened: Any) -> None:
    opened(3, peer="127.0.0.1")
    asking = asked("127.0.0.1", **{"X-Forwarded-For": "127.0.0.1"})
    assert admission(max_streams_per_client=3, proxies=1).refused(A_JOB, asking) == CLIENT
    assert admission(max_streams_per_client=3).refused(A_JOB, asking) is None


def test_places_are_free_again_once_streams_end(admission: Any, opened: Any, relay: Relay) -> None:
    opened(3)
    strict = admission(max_streams_per_job=3, max_streams_per_client=3)
    assert strict.refused(A_JOB, asked()) == JOB
    for subscriber in relay.subscribers():
        relay.drop(subscriber, "gone")
    assert strict.refused(A_JOB, asked()) is None


def test_at_the_highest_level_nobody_is_let_in(admission: Any, relay: Relay) -> None:
    for level in range(TURNING_AWAY + 1):
        relay.live.degrade(level, "overload")
        assert (admission().refused(A_JOB, asked()) == LOAD) is (level == TURNING_AWAY)


def test_refusals_are_counted_by_why(admission: Any, opened: Any, relay: Relay) -> None:
    opened(1)
    strict = admission(max_streams_per_job=1)
    assert [strict.refused(A_JOB, asked()) for _ in range(2)] == [JOB, JOB]
    assert relay.tally.refused == {JOB: 2}
