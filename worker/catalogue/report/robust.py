"""How far a value lies from the bulk, measured so that the far values themselves do not blur it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Turns a median absolute deviation into what a normal distribution calls its standard deviation.
_TO_SD = 1.4826
#: Beyond this many spreads a value is far: a normal distribution has one such in 1.7 million.
FAR = 5.0
#: More far values than this share are the shape of the column, not accidents.
_HEAVY_SHARE = 0.001
_HEAVY_COUNT = 10


@dataclass(frozen=True, slots=True)
class Distances:
    """Signed distances from the median, in spreads (each side has its own)."""

    z: Floats
    #: The distances were measured between logarithms.
    log: bool
    #: So many values are far that being far is normal here.
    heavy: bool

    @property
    def far(self) -> int:
        """How many values lie beyond `FAR` spreads."""
        return int((np.abs(self.z) > FAR).sum())


def distances(values: Floats) -> Distances:
    """Measure every value's distance; on a log scale where that shows a positive column's tail to be its shape."""
    plain = _signed(values)
    found = Distances(plain, log=False, heavy=_heavy(plain))
    if found.heavy and values.min() > 0:
        logged = _signed(np.log(values))
        if (np.abs(logged) > FAR).sum() < found.far:
            return Distances(logged, log=True, heavy=_heavy(logged))
    return found


def _heavy(z: Floats) -> bool:
    return bool((np.abs(z) > FAR).sum() > max(_HEAVY_COUNT, _HEAVY_SHARE * len(z)))


def _signed(values: Floats) -> Floats:
    away = values - np.median(values)
    left, right = spread(-away[away <= 0]), spread(away[away >= 0])
    scale = np.where(away < 0, left, right)
    return np.divide(away, scale, out=np.zeros_like(away), where=scale > 0)


def spread(away: Floats) -> float:
    """Median absolute deviation as a standard deviation; where most deviate not at all, that of those that do."""
    size = np.abs(away)
    middle = float(np.median(size)) if len(size) else 0.0
    if middle == 0 and size.any():
        middle = float(np.median(size[size > 0]))
    return _TO_SD * middle


def z_scores(values: Floats) -> Floats:
    """Distances from the median with one spread for both sides: for residuals, which have no natural side."""
    away = values - np.median(values)
    scale = spread(away)
    return away / scale if scale > 0 else np.zeros_like(away)
