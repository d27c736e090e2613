"""Questions that come at one moment are one; none is answered by what was asked before it."""

from collections.abc import Sequence

import gevent
import pytest

from app.relay.gather import MOST, Gather
from jobs.errors import LogUnavailable


class Oracle:
    """Answers ten times the question, after a turn of the loop."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.failing = False

    def __call__(self, keys: Sequence[int]) -> list[int]:
        self.asked.append(list(keys))
        gevent.sleep(0)
        if self.failing:
            raise LogUnavailable(why="away")
        return [10 * key for key in keys]


def every(gather: Gather[int, int], keys: Sequence[int]) -> list[int | None]:
    greenlets = [gevent.spawn(gather.get, key) for key in keys]
    gevent.joinall(greenlets)
    return [greenlet.value for greenlet in greenlets]


def test_those_who_ask_at_one_moment_ask_once_and_each_gets_his_answer() -> None:
    oracle = Oracle()
    assert every(Gather(oracle), [3, 1, 2, 1]) == [30, 10, 20, 10]
    assert oracle.asked == [[3, 1, 2]]


def test_who_comes_while_others_are_being_answered_asks_anew() -> None:
    oracle = Oracle()
    gather = Gather(oracle)
    first = gevent.spawn(gather.get, 1)
    while not oracle.asked:
        gevent.sleep(0)
    assert gather.get(1) == 10
    first.join()
    assert oracle.asked == [[1], [1]]


def test_no_more_are_asked_together_than_may_be() -> None:
    oracle = Oracle()
    keys = list(range(MOST + 1))
    assert every(Gather(oracle), keys) == [10 * key for key in keys]
    assert sorted(map(len, oracle.asked)) == [1, MOST]


def test_a_failure_is_told_to_all_who_asked_and_to_nobody_after_them() -> None:
    oracle = Oracle()
    gather = Gather(oracle)
    oracle.failing = True

    def ask(key: int) -> str:
        with pytest.raises(LogUnavailable):
            gather.get(key)
        return "told"

    greenlets = [gevent.spawn(ask, key) for key in (1, 2)]
    gevent.joinall(greenlets)
    assert [greenlet.value for greenlet in greenlets] == ["told", "told"]
    oracle.failing = False
    assert gather.get(1) == 10


def test_where_the_one_who_was_to_ask_is_killed_the_others_do_not_wait_for_ever() -> None:
    gather = Gather(Oracle())
    first = gevent.spawn(gather.get, 1)
    second = gevent.spawn(gather.get, 2)
    gevent.sleep(0)
    first.kill()
    second.join()
    assert isinstance(second.exception, LogUnavailable)
    assert gather.get(3) == 30
