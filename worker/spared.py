"""A job in mid-air hears no SIGTERM and no SIGQUIT: they are for its worker, which lets it finish, or save and go.

Celery's cold shutdown sends them to its children before anybody is told that the worker ends, and some platforms
signal every process there is; either would cost the job an attempt.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGQUIT)


@contextmanager
def spared() -> Iterator[None]:
    """Such a signal ends this process once the block is over; what the block forks it ends at once, as ever."""
    here, missed = os.getpid(), list[int]()

    def hear(number: int, _frame: FrameType | None) -> None:
        if os.getpid() == here:
            missed.append(number)
        else:
            _end(number)

    #: Not ignored but heard: what is ignored, every program that the job begins would ignore as well.
    for number in SIGNALS:
        signal.signal(number, hear)
    try:
        yield
    finally:
        #: Not as Celery had it: that raises SystemExit, here into what comes after the job.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if missed:
            #: Whichever it was: SIGQUIT would leave a core behind.
            _end(signal.SIGTERM)


def _end(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
