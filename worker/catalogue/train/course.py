"""The course of the training, epoch by epoch: which was the best, and whether it is time to stop."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

#: A loss that falls by less has not become better: boosted trees go on like that for hours.
CLEARLY = 1e-4


class Measured(NamedTuple):
    """What one epoch came to, in the rows learnt from and in those kept for validation."""

    loss_train: float
    loss_validation: float
    score_train: float
    score_validation: float

    @property
    def sound(self) -> bool:
        """Whether all of it is a number."""
        return all(map(math.isfinite, self))


class End(StrEnum):
    """Why the training ended."""

    #: It has gone through with all its epochs.
    EPOCHS = "epochs"
    #: The validation loss has not become better for as many epochs as were granted.
    PATIENCE = "patience"
    #: The weights ran away.
    DIVERGED = "diverged"
    #: Somebody cancelled it.
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Course:
    """All epochs so far."""

    history: list[Measured] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """The last one that is over; 0 before the first."""
        return len(self.history)

    @property
    def best(self) -> int:
        """The last whose validation loss was clearly better than that of the best before it; 0 before the first."""
        best, lowest = 0, math.inf
        for number, each in enumerate(self.history, 1):
            if each.loss_validation < lowest - CLEARLY:
                best, lowest = number, each.loss_validation
        return best

    @property
    def best_measured(self) -> Measured:
        """What the best one came to."""
        return self.history[self.best - 1]

    def end(self, epochs: int, patience: int) -> End | None:
        """Why no epoch follows; None where one does. A *patience* of 0 never ends."""
        if self.epoch >= epochs:
            return End.EPOCHS
        return End.PATIENCE if patience and self.epoch - self.best >= patience else None
