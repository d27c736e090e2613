"""The estimators that learn epoch by epoch: what one more epoch does to each, and what it leaves to be kept."""

import copy
import math
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from worker.catalogue.train.limits import MAX_LEAVES, MAX_TREES, TREES_PER_EPOCH

Array = np.ndarray[Any, np.dtype[Any]]

#: Batches that are learnt between two looks at whether the job is to go on.
_BATCHES = 64
_LINEAR_ROWS = 20_000
_HIDDEN = (64, 32)
#: Steps of the solver in one epoch of logistic regression.
_SOLVER_STEPS = 3
_LEAF_ROWS, _LEAVES_OF_SMALL = 20, 20


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
RATES = {"linear": 0.01, "mlp": 0.001, "boosting": 0.1}
#: Those that learn a quantity best on a scale where its mean is 0 and its spread 1.
SCALED = ("linear", "mlp")


def learner(estimator: str, lesson: Lesson) -> Learner:
    """The estimator of that name, before its first epoch."""
    return _MAKERS[estimator](lesson)


def _linear(lesson: Lesson) -> Learner:
    given = {"learning_rate": "invscaling", "eta0": lesson.rate, "power_t": 0.25, "shuffle": False}
    model = SGDClassifier(loss="log_loss", **given) if len(lesson.classes) else SGDRegressor(**given)
    return Gradual(model, lesson, _LINEAR_ROWS)


def _mlp(lesson: Lesson) -> Learner:
    batch = min(lesson.batch, len(lesson.values))
    given = {
        "hidden_layer_sizes": _HIDDEN,
        "learning_rate_init": lesson.rate,
        "batch_size": batch,
        "shuffle": False,
        "random_state": lesson.seed,
    }
    model = MLPClassifier(**given) if len(lesson.classes) else MLPRegressor(**given)
    return Gradual(model, lesson, batch * _BATCHES)


def _logistic(lesson: Lesson) -> Learner:
    return Repeated(LogisticRegression(warm_start=True, max_iter=_SOLVER_STEPS), lesson, len(lesson.values))


def _boosting(lesson: Lesson) -> Learner:
    small = max(1, min(_LEAF_ROWS, math.ceil(len(lesson.values) / _LEAVES_OF_SMALL)))
    given = {
        "learning_rate": lesson.rate,
        "early_stopping": False,
        "warm_start": True,
        "min_samples_leaf": small,
        "random_state": lesson.seed,
    }
    kind = HistGradientBoostingClassifier if len(lesson.classes) else HistGradientBoostingRegressor
    each = len(lesson.classes) if len(lesson.classes) > 2 else 1  # noqa: PLR2004 - two classes are one question
    rounds = TREES_PER_EPOCH if each == 1 else max(1, 2 * TREES_PER_EPOCH // each)
    most = MAX_TREES // (rounds * each)
    return Boosting(kind(**given), lesson, size="max_iter", trees="_predictors", rounds=rounds, most=most)


def _forest(lesson: Lesson) -> Learner:
    given = {"warm_start": True, "max_leaf_nodes": MAX_LEAVES, "random_state": lesson.seed}
    kind = RandomForestClassifier if len(lesson.classes) else RandomForestRegressor
    rounds, most = TREES_PER_EPOCH, MAX_TREES // TREES_PER_EPOCH
    return Growing(kind(**given), lesson, size="n_estimators", trees="estimators_", rounds=rounds, most=most)


_MAKERS = {"linear": _linear, "mlp": _mlp, "logistic": _logistic, "boosting": _boosting, "forest": _forest}
