"""The thread that a run has beside it, which the next run of the same place takes over.

To begin a thread, to have it take turns with the job's for Python's lock, and to wait for its end cost a job that does
nothing a tenth of its time. So the thread lingers, and looks only now and then whether there is a run: a run that ends
before that is none of its business.
"""

import threading
from collections.abc import Callable

#: How long the first event of a batch waits for company.
GATHER_SECONDS = 0.005
#: A turn comes after so long at the latest.
IDLE_SECONDS = 0.05
#: For so long the thread of a place that takes one job after the other waits for the next one.
LINGER_SECONDS = 1.0

#: One turn of a run; told whether somebody had hurried. False where there are to be no more.
Turn = Callable[[bool], bool]


class Rounds:
    """Belongs to one run at a time, from :meth:`begin` to :meth:`end`, which whoever runs the job calls.

    With ``hurry`` set the next turn comes once the batch has gathered, with ``large`` as well it comes at once.
    """

    def __init__(self, *, linger_seconds: float = 0.0) -> None:
        self.hurry, self.large = threading.Event(), threading.Event()
        self._linger = round(linger_seconds / IDLE_SECONDS)
        #: Held during a turn, and while what there is to do changes.
        self._turning = threading.Lock()
        self._turn: Turn | None = None
        self._thread: threading.Thread | None = None

    def begin(self, turn: Turn) -> None:
        with self._turning:
            self._turn = turn
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """No turn is under way once this has returned, and none comes."""
        with self._turning:
            self._turn, thread = None, self._thread
        if thread is not None and not self._linger:
            self.large.set()
            self.hurry.set()
            thread.join()

    def _work(self) -> None:
        idle = 0
        while idle <= self._linger:
            hurried = self.hurry.wait(IDLE_SECONDS)
            if hurried:
                self.large.wait(GATHER_SECONDS)
            with self._turning:
                idle = 0 if self._took(hurried) else idle + 1
                if idle > self._linger:
                    self._thread = None

    def _took(self, hurried: bool) -> bool:
        """Takes a turn, where there is a run."""
        self.hurry.clear()
        self.large.clear()
        if self._turn is None:
            return False
        if not self._turn(hurried):
            self._turn = None
        return True
