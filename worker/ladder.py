"""The rungs between the wish that a job end and its being killed: told at once, interrupted a little later.

The last rung, SIGKILL, is the warden's: it must not depend on the process that is to end.
"""

import threading
from collections.abc import Callable

from jobs.events import AnyEvent, CancelEscalated
from worker.interrupt import Interrupter
from worker.outcomes import Cancelled, Released, RunOver

#: From the flag to the interrupt; half of the grace where that is less.
INTERRUPT_SECONDS = 1.0


class Ladder:
    """Climbs for one run; *tell* takes its events, *shielded* says whether the job asks to be left alone."""

    def __init__(
        self, interrupter: Interrupter, tell: Callable[[AnyEvent], None], shielded: Callable[[], bool]
    ) -> None:
        self._interrupter, self._tell, self._shielded = interrupter, tell, shielded
        self._over = threading.Event()
        self._climber: threading.Thread | None = None
        self._wake: Callable[[], None] = lambda: None

    def on_wake(self, wake: Callable[[], None]) -> None:
        """*wake* is called once the job has been told: it waits where there is no cancel point."""
        self._wake = wake

    def climb(self, verdict: type[Cancelled], grace_seconds: float) -> None:
        """The job has been told *verdict* and has *grace_seconds*; called once for each verdict, by one thread."""
        self._rung("cooperative", verdict)
        self._wake()
        if self._climber is None and not self._over.is_set():
            pause = max(0.0, min(INTERRUPT_SECONDS, grace_seconds / 2))
            arguments = (verdict, pause)
            self._climber = threading.Thread(target=self._interrupt, args=arguments, name="ladder", daemon=True)
            self._climber.start()

    def stop(self) -> None:
        """The author's function has ended."""
        self._over.set()

    def _interrupt(self, verdict: type[Cancelled], pause: float) -> None:
        if not self._over.wait(pause):
            error = verdict(interrupted=True)
            self._interrupter.interrupt(error, self._shielded, lambda: self._rung("interrupted", verdict))

    def _rung(self, rung: str, verdict: type[Cancelled]) -> None:
        """A release is no end, and of a run that is over nothing is written."""
        if verdict is not Released and verdict is not RunOver:
            self._tell(CancelEscalated(rung=rung))  # type: ignore[arg-type] # one of its three
