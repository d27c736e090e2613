import threading
from collections.abc import Callable

from tests.worker.rig import until
from worker.rounds import Rounds


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "publisher"}


def _count(turns: list[bool], *, most: int = 10**9) -> Callable[[bool], bool]:
    def turn(hurried: bool) -> bool:
        turns.append(hurried)
        return len(turns) < most

    return turn


def test_turns_come_whether_or_not_somebody_hurries() -> None:
    turns: list[bool] = []
    rounds = Rounds()
    rounds.begin(_count(turns))
    until(lambda: False in turns)
    rounds.hurry.set()
    until(lambda: True in turns)
    rounds.end()


def test_at_the_end_of_a_run_its_last_turn_is_over_and_none_comes() -> None:
    turns: list[bool] = []
    within, go_on = threading.Event(), threading.Event()

    def turn(hurried: bool) -> bool:
        within.set()
        go_on.wait()
        turns.append(hurried)
        return True

    rounds = Rounds(linger_seconds=10)
    rounds.begin(turn)
    within.wait()
    ender = threading.Thread(target=rounds.end)
    ender.start()
    assert not turns
    go_on.set()
    ender.join()
    told = len(turns)
    later: list[bool] = []
    rounds.begin(_count(later))
    until(lambda: len(later) > 1)
    assert len(turns) == told
    rounds.end()


def test_the_next_run_has_the_same_thread_and_hurries_it_as_well() -> None:
    before = _threads()
    rounds = Rounds(linger_seconds=10)
    for _ in range(3):
        turns: list[bool] = []
        rounds.begin(_count(turns))
        rounds.hurry.set()
        rounds.large.set()
        until(lambda turns=turns: True in turns)  # type: ignore[misc] # mypy knows no such default
        rounds.end()
        assert len(_threads() - before) == 1


def test_a_run_that_broke_off_has_no_further_turn_and_the_one_after_it_has() -> None:
    broken: list[bool] = []
    rounds = Rounds(linger_seconds=10)
    rounds.begin(_count(broken, most=1))
    until(lambda: bool(broken))
    rounds.end()
    turns: list[bool] = []
    rounds.begin(_count(turns))
    until(lambda: bool(turns))
    rounds.end()
    assert len(broken) == 1


def test_no_thread_is_left_once_nobody_has_come_for_a_while() -> None:
    before = _threads()
    for linger in (0.0, 0.1):
        rounds = Rounds(linger_seconds=linger)
        rounds.begin(_count([]))
        rounds.end()
        until(lambda: _threads() <= before)
        turns: list[bool] = []
        rounds.begin(_count(turns))
        until(lambda turns=turns: bool(turns))  # type: ignore[misc] # as above
        rounds.end()
