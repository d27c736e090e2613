"""Which estimators there are, and how each is set up for its lesson."""

import math

from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from worker.catalogue.train.learners import Boosting, Gradual, Growing, Learner, Lesson, Repeated
from worker.catalogue.train.limits import MAX_LEAVES, MAX_TREES, TREES_PER_EPOCH

RATES = {"linear": 0.01, "mlp": 0.001, "boosting": 0.1}
#: Those that learn a quantity best on a scale where its mean is 0 and its spread 1.
SCALED = ("linear", "mlp")
#: Batches that are learnt between two looks at whether the job is to go on.
_BATCHES = 64
_LINEAR_ROWS = 20_000
_HIDDEN = (64, 32)
#: Steps of the solver in one epoch of logistic regression.
_SOLVER_STEPS = 3
_LEAF_ROWS, _LEAVES_OF_SMALL = 20, 20


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
