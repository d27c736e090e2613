"""Slow readers are brought up to date one after another."""

from time import monotonic

import gevent


class Turns:
    """Hundreds that can take more at one moment would keep the quick ones waiting."""

    #: Seconds from one to the next; reading and merging for one takes about a half of it.
    APART = 0.002

    def __init__(self) -> None:
        self._next = 0.0

    def wait(self) -> None:
        now = monotonic()
        self._next = max(now, self._next + self.APART)
        if self._next > now:
            gevent.sleep(self._next - now)
