"""How far the process has to cut down: from what its loop shows to a level, one step at a time.

    strain ≥ 1 for RISE seconds        ─▶ one level up
    room to spare for FALL seconds     ─▶ one level down

Pure. Between the two lies a band in which nothing changes, so noise around either mark moves nothing twice.
"""

from dataclasses import dataclass

#: The highest level: new streams are sent away to poll.
HIGHEST = 4

#: Seconds that whoever comes at any moment may wait for the loop: a call of REST has some six such waits, and 100 ms.
WAIT = 0.015
#: Seconds by which a delivery may come after its time.
LATE = 0.1
#: Seconds by which the live feed may be behind when it is read.
BEHIND = 0.25

#: Seconds of strain, net, before each step up. The first: longer than a page that loads, a log that is replayed or a
#: thousand clients that come at once keep the loop busy. The last: nobody is turned away who had only come with many.
RISE = (1.4, 0.9, 0.9, 2.9)
#: Seconds with room to spare before each step down: four of them, and the load's own tail, are less than ten.
FALL = 1.5
#: Below so much strain, and so much of the loop's time taken, there is room to spare.
SLACK, SPARE = 0.5, 0.75
#: One sample counts for so long at most: a process that was stopped for a minute was not overloaded for it.
LONGEST_SAMPLE = 0.5

#: A level that has to be taken back within so many seconds after it was left was left too early,
PROBE = 5.0
#: and is not left for so long, doubled each time up to the second, unless the demand has halved.
PATIENCE, MOST_PATIENCE = 10.0, 60.0

#: What streams are told as the reason.
OVERLOAD, WELL, SET = "overload", "recovered", "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What was seen of the loop in the last *seconds*."""

    seconds: float
    #: Seconds that somebody who came at any moment had to wait for the loop, on average.
    wait: float = 0.0
    #: The share of its time that the loop was at work, 0 to 1.
    busy: float = 0.0
    #: The most seconds by which a delivery came after its time.
    late: float = 0.0
    #: The most seconds by which news of the live feed were behind when they were read.
    behind: float = 0.0
    #: Events a second, times those who listen: what there is to deliver, whatever of it is merged.
    demand: float = 0.0

    @property
    def strain(self) -> float:
        """1 and more: somebody has to wait for too long.

        A loop that is always at work need not keep anybody waiting: the more there is, the less each event costs.
        """
        return max(self.wait / WAIT, self.late / LATE, self.behind / BEHIND)

    @property
    def slack(self) -> bool:
        """Whether there is room for more; a loop that is always at work may serve everybody in time, but has none."""
        return self.strain < SLACK and self.busy < SPARE


class Governor:
    """Never goes below *least*."""

    def __init__(self, *, least: int = 0) -> None:
        self.level = self._least = least
        self._over = self._calm = 0.0
        #: Seconds since the level changed last, and whether that was a step down.
        self._age, self._fell = 0.0, False
        #: The demand that was too much one level lower, for how long that is still believed, and was believed last.
        self._too_much, self._believed, self._patience = 0.0, 0.0, PATIENCE / 2

    @property
    def reason(self) -> str:
        if self.level > self._least:
            return OVERLOAD
        return SET if self._least else WELL

    def observe(self, signs: Signs) -> int:
        """The level after *signs*; at most one away from the one before."""
        seconds = min(signs.seconds, LONGEST_SAMPLE)
        self._age += seconds
        self._believed -= seconds
        if signs.strain >= 1:
            self._over += seconds
            self._calm = max(0.0, self._calm - 2 * seconds)
        else:
            self._over = max(0.0, self._over - 2 * seconds)
            self._calm += seconds if signs.slack else 0.0
        if self.level < HIGHEST and self._over >= RISE[self.level]:
            self._rise(signs.demand)
        elif self._calm >= FALL and self.level > self._least and not self._known_too_much(signs.demand):
            self._change(-1)
        return self.level

    def _known_too_much(self, demand: float) -> bool:
        """Where there was nothing to deliver it was something else that was too much, and tells nothing of now."""
        return self._believed > 0 and demand > self._too_much / 2 > 0

    def _rise(self, demand: float) -> None:
        if self._fell and self._age <= PROBE:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
            self._too_much, self._believed = demand, self._patience
        elif self._fell:
            self._patience = PATIENCE / 2
        self._change(+1)

    def _change(self, step: int) -> None:
        self.level += step
        self._fell = step < 0
        self._age = self._over = self._calm = 0.0
