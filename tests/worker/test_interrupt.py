"""Where an interrupt may fall."""

import signal
import threading
import time
from collections.abc import Callable

import pytest

from worker.interrupt import SIGNAL, BySignal, Never, entrance, here, whole


class Interrupted(BaseException):
    pass


@entrance
def _enter(function: Callable[[], None]) -> None:
    function()


@whole
def _whole(seconds: float) -> None:
    time.sleep(seconds)


def _sent(interrupter: BySignal, *, wait: Callable[[], bool] = lambda: False) -> list[str]:
    told: list[str] = []
    arguments = (Interrupted(), wait, lambda: told.append("told"))
    threading.Timer(0.02, interrupter.interrupt, arguments).start()
    return told


def test_it_ends_a_sleep_below_the_entrance() -> None:
    with BySignal() as interrupter:
        told = _sent(interrupter)
        with pytest.raises(Interrupted):
            _enter(lambda: time.sleep(30))
    assert told == ["told"]


def test_it_waits_for_the_end_of_what_is_whole() -> None:
    ended: list[str] = []

    def work() -> None:
        _whole(0.1)
        ended.append("whole")
        time.sleep(30)

    with BySignal() as interrupter:
        _sent(interrupter)
        with pytest.raises(Interrupted):
            _enter(work)
    assert ended == ["whole"]


def test_it_waits_while_it_is_asked_to() -> None:
    begun = time.monotonic()
    with BySignal() as interrupter:
        _sent(interrupter, wait=lambda: time.monotonic() - begun < 0.15)
        with pytest.raises(Interrupted):
            _enter(lambda: time.sleep(30))
    assert time.monotonic() - begun >= 0.15


def test_nothing_is_raised_outside_the_entrance_and_nothing_after_the_end() -> None:
    before = signal.getsignal(SIGNAL)
    with BySignal() as interrupter:
        told = _sent(interrupter)
        time.sleep(0.1)
    assert signal.getsignal(SIGNAL) is before
    assert told == []


def test_only_the_main_thread_can_be_interrupted_by_a_signal() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(here()))
    thread.start()
    thread.join()
    assert isinstance(found[0], Never)
    assert isinstance(here(), BySignal)
