import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from app.problems import Problem
from app.waiting import MOST_WAITING, Bell, Seats, ticking, wait_until
from tests.service import ROOT


def test_as_many_calls_wait_as_may_and_the_next_is_told_to_come_back() -> None:
    seats = Seats(ticking, most=2)
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(seats("a"))
        with pytest.raises(Problem) as refused, seats("b"):
            pass
        assert (refused.value.number, refused.value.code) == (503, "overloaded")
        assert "Retry-After" in refused.value.headers
    with seats("b"):
        pass


def test_a_seat_is_free_again_also_where_waiting_failed() -> None:
    @contextmanager
    def broken(_job_id: str) -> Iterator[Bell]:
        raise ConnectionError
        yield

    seats = Seats(broken, most=1)
    for _ in range(3):
        with pytest.raises(ConnectionError), seats("a"):
            pass


def test_whoever_need_not_wait_takes_no_seat() -> None:
    full = Seats(ticking, most=0)
    for come, seconds in ((lambda: True, 5.0), (lambda: False, 0.0)):
        wait_until(come, seconds, lambda: full("a"), lambda: False)


def test_calls_that_wait_leave_connections_to_those_that_do_not() -> None:
    [places] = re.findall(r"^worker_connections = (\d+)", (ROOT / "gunicorn.conf.py").read_text("utf-8"), re.MULTILINE)
    assert int(places) > 1.5 * MOST_WAITING


def test_a_wait_ends_with_what_it_waits_for() -> None:
    end = time.monotonic() + 0.15
    wait_until(lambda: time.monotonic() >= end, 20, lambda: Seats(ticking)("a"), lambda: False)
    assert end <= time.monotonic() < end + 10
