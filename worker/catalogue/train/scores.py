"""How good a model is: its loss and score on some rows, and what one who always says the same would reach."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn import metrics

from worker.catalogue.train.target import Task

Array = np.ndarray[Any, np.dtype[Any]]

#: A class that is held for impossible and comes nevertheless would cost without bound.
_LEAST_CHANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the zero of a quantity is put, and what its unit is, so that an estimator learns it well."""

    mean: float
    spread: float

    @classmethod
    def of(cls, values: Array) -> Self:
        """The scale on which *values* have mean 0 and spread 1."""
        return cls(float(values.mean()), float(values.std()) or 1.0)

    def put(self, values: Array) -> Array:
        return (values - self.mean) / self.spread

    def back(self, values: Array) -> Array:
        return values * self.spread + self.mean


#: A quantity as it is.
UNSCALED = Scale(0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of some rows, and the scale on which a miss is measured."""

    task: Task
    values: Array
    #: The classes in their order; none of a quantity.
    classes: Array
    #: Mean and variance of the quantity in the rows that were learnt from.
    mean: float = 0.0
    variance: float = 1.0

    @property
    def score_name(self) -> str:
        """What the score is called."""
        return "accuracy" if self.task is Task.CLASSIFICATION else "r2"

    def judged(self, guess: Array) -> tuple[float, float]:
        """Loss and score of *guess*: chances of the classes, a row each; or quantities."""
        if self.task is Task.REGRESSION:
            off = float(np.mean((self.values - guess) ** 2))
            return off / self.variance, _r2(off, self.values)
        true = np.searchsorted(self.classes, self.values)
        chances = np.clip(guess[np.arange(len(true)), true], _LEAST_CHANCE, 1.0)
        return float(-np.log(chances).mean()), float((guess.argmax(axis=1) == true).mean())


def _r2(off: float, values: Array) -> float:
    spread = float(np.var(values))
    return 1 - off / spread if spread else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Some rows: what a model is given of them, and what it is to say."""

    inputs: Array
    truth: Truth

    def answers(self, model: Any, scale: Scale) -> Array:
        """What *model* says: chances of the classes, a row each; or quantities. It has learnt those on *scale*."""
        with np.errstate(all="ignore"):  # weights that run away are told by what they come to
            if self.truth.task is Task.CLASSIFICATION:
                return np.asarray(model.predict_proba(self.inputs))
            return scale.back(np.asarray(model.predict(self.inputs)))


def figures(truth: Truth, guessed: Array) -> dict[str, float]:
    """All scores of a guess on the rows of the last test."""
    loss, score = truth.judged(guessed)
    if truth.task is Task.REGRESSION:
        off = np.abs(truth.values - guessed)
        rmse = float(np.sqrt(np.mean(off**2)))
        middle = float(np.median(off))
        return {"r2": score, "rmse": rmse, "mae": float(off.mean()), "median_error": middle, "loss": loss}
    said = truth.classes[guessed.argmax(axis=1)]
    f1 = metrics.f1_score(truth.values, said, labels=truth.classes, average="macro", zero_division=0)
    return {"accuracy": score, "balanced_accuracy": _balanced(truth, said), "f1_macro": float(f1), "loss": loss}


def _balanced(truth: Truth, said: Array) -> float:
    hit = said == truth.values
    return float(np.mean([hit[truth.values == each].mean() for each in np.unique(truth.values)]))


def baseline(truth: Truth, learnt: Array) -> tuple[str, Array]:
    """What says the same of every row, and its guess: the commonest class of the rows learnt from, or their mean."""
    rows = len(truth.values)
    if truth.task is Task.REGRESSION:
        return f"always the mean, {truth.mean:.6g}", np.full(rows, truth.mean)
    shares = np.array([(learnt == each).mean() for each in truth.classes])
    return f"always {truth.classes[shares.argmax()]}", np.tile(shares, (rows, 1))


def confusion(truth: Truth, guessed: Array) -> Array:
    """How often each class (a row) was held for each (a column)."""
    true = np.searchsorted(truth.classes, truth.values)
    many = len(truth.classes)
    return np.bincount(true * many + guessed.argmax(axis=1), minlength=many * many).reshape(many, many)
