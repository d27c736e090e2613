"""What waits for a moment is woken by a cancel."""

import threading
import time

import pytest

from worker.catalogue.waiting import wait_until
from worker.outcomes import Cancelled


class Watched:
    """A context that is cancelled from outside while the job sleeps."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def raise_if_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled


@pytest.mark.alone
def test_a_cancel_between_two_ticks_is_seen_within_a_fifth_of_a_second() -> None:
    watched = Watched()
    timer = threading.Timer(0.1, watched.cancelled.set)
    began = time.monotonic()
    timer.start()
    with pytest.raises(Cancelled):
        wait_until(watched, began + 60)  # type: ignore[arg-type] # all of a context that it uses
    timer.join()
    assert time.monotonic() - began < 0.1 + 0.2
