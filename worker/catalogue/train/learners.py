"""The estimators that learn epoch by epoch: what one more epoch does to each, and what it leaves to be kept."""

import copy
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What is learnt from, and how."""

    inputs: Array
    #: Classes, or quantities on the scale that the estimator learns best on.
    values: Array
    #: The classes in their order; none of a quantity.
    classes: Array
    rate: float
    batch: int
    seed: int


class Learner(Protocol):
    """One estimator and its lesson; what it will do follows from its state and the number of the epoch alone."""

    #: What has been learnt; goes into and comes out of what is kept between epochs.
    model: Any
    #: Epochs after which it can take in no more.
    most: int

    def epoch(self, number: int) -> Iterator[float]:
        """Learns epoch *number*, 1, 2, 3 …, in pieces; yields which share of it is done after each."""

    def copy(self) -> Any:
        """The model as it is now, whatever is learnt later."""

    def earlier(self, epochs: int) -> Any | None:
        """The model as it was after so many epochs, where the later one still holds it."""


class Gradual:
    """Weights that move a little with every batch: all rows once an epoch, in an order drawn for that epoch."""

    most = sys.maxsize

    def __init__(self, model: Any, lesson: Lesson, piece: int) -> None:
        self.model, self._lesson, self._piece = model, lesson, piece

    def epoch(self, number: int) -> Iterator[float]:
        lesson = self._lesson
        order = np.random.default_rng([lesson.seed, 2, number]).permutation(len(lesson.values))
        for start in range(0, len(order), self._piece):
            self._learn(order[start : start + self._piece])
            yield min(1.0, (start + self._piece) / len(order))
        self._forget()

    def _learn(self, rows: Array) -> None:
        more = {"classes": self._lesson.classes} if len(self._lesson.classes) else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the last batch of a piece is smaller than the others
            self.model.partial_fit(self._lesson.inputs[rows], self._lesson.values[rows], **more)

    def _forget(self) -> None:
        """What a neural network remembers of every call grows without end, and nobody asks for it."""
        if hasattr(self.model, "loss_curve_"):
            self.model.loss_curve_.clear()
            self.model._no_improvement_count = 0  # noqa: SLF001 - or it would think of stopping by itself

    def copy(self) -> Any:
        return copy.deepcopy(self.model)

    def earlier(self, epochs: int) -> None:  # noqa: ARG002 - weights that have moved are gone
        return None


class Repeated(Gradual):
    """A solver that goes on for a few steps from where it stood."""

    def epoch(self, number: int) -> Iterator[float]:  # noqa: ARG002 - each epoch is like the one before
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a few steps are no solution yet
            self.model.fit(self._lesson.inputs, self._lesson.values)
        yield 1.0


class Growing:
    """Trees, some more with every epoch; those that are there stay as they are."""

    def __init__(self, model: Any, lesson: Lesson, *, size: str, trees: str, rounds: int, most: int) -> None:
        self.model, self._lesson, self.most = model, lesson, most
        #: The param that says how many there are to be, the attribute that holds them, and how many an epoch adds.
        self._size, self._trees, self._rounds = size, trees, rounds

    def epoch(self, number: int) -> Iterator[float]:
        self.model.set_params(**{self._size: number * self._rounds})
        self.model.fit(self._lesson.inputs, self._lesson.values)
        yield 1.0

    def copy(self) -> Any:
        return self._cut(len(getattr(self.model, self._trees)))

    def earlier(self, epochs: int) -> Any:
        return self._cut(epochs * self._rounds)

    def _cut(self, trees: int) -> Any:
        """A model of its own with the first of the same trees."""
        model = copy.copy(self.model)
        setattr(model, self._trees, list(getattr(self.model, self._trees))[:trees])
        return model.set_params(**{self._size: trees})


class Boosting(Growing):
    """Trees of which each has two arrays that only columns of categories would fill: one pair does for all of them."""

    def epoch(self, number: int) -> Iterator[float]:
        yield from super().epoch(number)
        first = self.model._predictors[0][0]  # noqa: SLF001 - packing takes time for every array
        for tree in chain.from_iterable(self.model._predictors[-self._rounds :]):  # noqa: SLF001 - as above
            tree.binned_left_cat_bitsets = first.binned_left_cat_bitsets
            tree.raw_left_cat_bitsets = first.raw_left_cat_bitsets


#: The learning rate of each estimator that has one, unless the sender gives one.
