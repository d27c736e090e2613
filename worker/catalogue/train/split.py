"""Rows in three parts, by lot and class by class: to learn from, to choose the best epoch by, and for the last test."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Places of rows, ascending; no place is in two of them."""

    train: Array
    validation: Array
    test: Array


def split(values: Array, *, by_class: bool, share: float, seed: int, most: tuple[int, int]) -> Parts:
    """*share* of the rows for the test and as many for validation, *most* of them at most; the rest to learn from.

    With *by_class* every class has its share of each part, and a row of three at least in each.
    """
    draw = np.random.default_rng([seed, 1])
    groups = [np.flatnonzero(values == each) for each in np.unique(values)] if by_class else [np.arange(len(values))]
    shares = [min(share, at_most / len(values)) for at_most in most]
    parts: list[list[Array]] = [[], [], []]
    for group in groups:
        for part, places in zip(parts, _dealt(draw.permutation(group), shares), strict=True):
            part.append(places)
    validation, test, train = (np.sort(np.concatenate(part)) for part in parts)
    return Parts(train=train, validation=validation, test=test)


def _dealt(places: Array, shares: list[float]) -> list[Array]:
    """*places* cut in order; each part but the last has its share, one at least, and leaves one for the last."""
    most = (len(places) - 1) // len(shares)
    ends = np.cumsum([min(max(1, round(len(places) * share)), most) for share in shares])
    return np.split(places, ends)


def sample(rows: Array, most: int, seed: int) -> Array:
    """At most so many of *rows*, by lot, in their order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 0]).choice(rows, size=most, replace=False))
