"""A soak has just as many jobs as were asked for."""

import threading
import time

from cli.quota import Quota


def test_just_so_many_jobs_are_given_out_however_late_it_is() -> None:
    over = threading.Event()
    quota = Quota(3, 0.03, over)
    began = time.monotonic()
    assert [quota.take() for _ in range(4)] == [True, True, True, False]
    assert time.monotonic() - began >= 0.02
    quota = Quota(2, 600, over)
    over.set()
    assert [quota.take() for _ in range(3)] == [True, True, False]


def test_without_a_number_there_are_jobs_until_it_is_over() -> None:
    over = threading.Event()
    quota = Quota(None, 600, over)
    assert quota.take()
    over.set()
    assert not quota.take()
