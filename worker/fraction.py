"""How far the whole job is: the weighted sum of its declared steps, never falling, with a guess at what is left."""

import time
from collections.abc import Callable, Iterable, Mapping

from jobs.events import JobProgressed, StepPlan

#: Seconds between two ``job.progress`` events at least.
EVERY_SECONDS = 0.25
#: A smaller move is not worth an event.
MOVE = 0.001
#: Before that much of the job is done, or of this time has passed, a guess at the rest would be noise.
GUESS_FRACTION, GUESS_SECONDS = 0.01, 1.0


class Fraction:
    """The fraction of one run; ``set`` and ``put`` belong to the job's thread, ``due`` to the publisher's.

    *clock* gives seconds that only grow; the steps go by it too.
    """

    def __init__(self, plan: Iterable[StepPlan], clock: Callable[[], float] = time.monotonic) -> None:
        self._weights = {step.name: step.weight for step in plan}
        self._all = sum(self._weights.values())
        self._parts: dict[str, float] = {}
        self.clock, self._began = clock, clock()
        self._fraction, self._message, self._put = 0.0, None, 0.0  # type: tuple[float, str | None, float]
        self._told, self._told_message, self._told_at = 0.0, None, -1.0  # type: tuple[float, str | None, float]
        #: How far the run before this one had come, where this one goes on from there.
        self._before = 0.0

    @property
    def derived(self) -> bool:
        """Whether the steps say how far the job is."""
        return self._all > 0

    def weight(self, step: str, given: float | None) -> float | None:
        """The share of a step: as declared; one that was not declared has none where others were."""
        if given is not None or not self.derived:
            return given
        return self._weights.get(step, 0.0)

    def set(self, step: str, fraction: float) -> None:
        """*step* is that far; steps that were not declared count for nothing."""
        self._parts[step] = fraction

    def resume(self, fraction: float, message: str | None) -> None:
        """The job was that far when the run before ended to wait for a child."""
        self._before = self._fraction = self._told = fraction
        self._message = self._told_message = message

    def share(self, step: str, weight: float | None) -> tuple[float, float] | None:
        """How far the whole is without any of *step* and with all of it; None where it has no share.

        Where no steps are declared, *weight* is what the step adds to what the author has said of the whole.
        """
        if self.derived:
            before = self._sum({**self._parts, step: 0.0})
            after = self._sum({**self._parts, step: 1.0})
        else:
            before, after = self._put, min(1.0, self._put + max(0.0, weight or 0.0))
        return (round(before, 4), round(after, 4)) if after > before else None

    def put(self, fraction: float, message: str | None) -> None:
        """The author's own word on the whole job."""
        self._put = min(1.0, max(self._put, fraction))
        self._message = message if message is not None else self._message

    def due(self, *, force: bool = False) -> JobProgressed | None:
        """The event that is to be written now, if any."""
        now = self.clock()
        if now - self._told_at < EVERY_SECONDS and not force:
            return None
        self._fraction = max(self._fraction, self._put, self._sum(self._parts))
        if self._fraction - self._told < MOVE and self._message == self._told_message:
            return None
        fresh = self._message if self._message != self._told_message else None
        self._told, self._told_message, self._told_at = self._fraction, self._message, now
        return JobProgressed(fraction=round(self._fraction, 4), message=fresh, eta_seconds=self._eta(now))

    def _sum(self, parts: Mapping[str, float]) -> float:
        if not self.derived:
            return 0.0
        return min(1.0, sum(weight * parts.get(step, 0.0) for step, weight in self._weights.items()) / self._all)

    def _eta(self, now: float) -> float | None:
        elapsed = now - self._began
        done = self._fraction - self._before
        if done < GUESS_FRACTION or elapsed < GUESS_SECONDS:
            return None
        return round(elapsed * (1 - self._fraction) / done, 1)
