"""From the chosen rows and columns to a lesson: rows dealt out, all else fitted on those that are learnt from."""

from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer

from worker.catalogue.train import inputs as choice
from worker.catalogue.train.estimators import RATES, SCALED
from worker.catalogue.train.inputs import Array, Inputs
from worker.catalogue.train.learners import Lesson
from worker.catalogue.train.limits import JUDGED_ROWS, TEST_ROWS
from worker.catalogue.train.material import Material
from worker.catalogue.train.params import Params
from worker.catalogue.train.scores import UNSCALED, Questions, Scale, Truth
from worker.catalogue.train.split import Parts, sample, split
from worker.catalogue.train.target import Target, Task
from worker.catalogue.wording.words import listing
from worker.outcomes import JobFailed

#: From so many rows on trees are boosted unless the sender chooses; fewer are safer with a forest.
_MANY_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that a training needs, and what was decided on the way."""

    target: Target
    inputs: Inputs
    parts: Parts
    preparation: ColumnTransformer
    estimator: str
    #: Why it is that estimator, as a sentence; empty where the sender chose it.
    why: str
    lesson: Lesson
    scale: Scale
    #: The target in the rows that are learnt from, on its own scale.
    learnt: Array

    def questions(self, places: Array) -> Questions:
        """The inputs of some rows, and what is true of them."""
        values, learnt = self.target.values[places], self.learnt
        number = self.target.task is Task.REGRESSION
        truth = Truth(
            task=self.target.task,
            values=values,
            classes=self.target.classes,
            mean=float(learnt.mean()) if number else 0.0,
            variance=(float(learnt.var()) if number else 0.0) or 1.0,
        )
        return Questions(inputs=self.preparation.transform(self.inputs.frame[places]), truth=truth)

    @property
    def train(self) -> Questions:
        """Of the rows that are learnt from, as many as every epoch is judged by."""
        places = self.parts.train
        return self.questions(places[sample(np.arange(len(places)), JUDGED_ROWS, self.lesson.seed)])

    @property
    def validation(self) -> Questions:
        """The rows that the best epoch is chosen by."""
        return self.questions(self.parts.validation)

    @property
    def test(self) -> Questions:
        """The rows that have no part in making the model."""
        return self.questions(self.parts.test)


def prepared(found: Material, params: Params) -> Prepared:
    """Deal the rows out and fit what prepares the inputs; JobFailed where no column says anything."""
    target, most = found.target, (JUDGED_ROWS, TEST_ROWS)
    by_class = target.task is Task.CLASSIFICATION
    parts = split(target.values, by_class=by_class, share=params.test_share, seed=params.seed, most=most)
    inputs = _speaking(found.inputs, parts.train)
    estimator, why = _estimator(params, target, len(parts.train))
    learnt = target.values[parts.train]
    scale = Scale.of(learnt) if estimator in SCALED and not by_class else UNSCALED
    preparation = choice.preparation(inputs)
    lesson = Lesson(
        inputs=preparation.fit_transform(inputs.frame[parts.train]),
        values=learnt if by_class else scale.put(learnt),
        classes=target.classes,
        rate=params.learning_rate or RATES.get(estimator, 0.0),
        batch=params.batch_size,
        seed=params.seed,
    )
    return Prepared(
        target=target,
        inputs=inputs,
        parts=parts,
        preparation=preparation,
        estimator=estimator,
        why=why,
        lesson=lesson,
        scale=scale,
        learnt=learnt,
    )


def _speaking(inputs: Inputs, learnt_from: Array) -> Inputs:
    """The columns that say anything in the rows that are learnt from."""
    kept = inputs.without(choice.constant(inputs, learnt_from))
    if kept.names:
        return kept
    reasons = [f"{name} ({why})" for name, why in kept.dropped.items()]
    raise JobFailed("no_inputs", f"There is no column to learn from: {listing(reasons) or 'the target stands alone'}.")


def _estimator(params: Params, target: Target, rows: int) -> tuple[str, str]:
    if params.estimator == "logistic" and target.task is Task.REGRESSION:
        raise JobFailed(
            "estimator_unsuitable",
            f"Logistic regression tells classes apart, and {target.why}: take another estimator.",
        )
    if params.estimator != "auto":
        return params.estimator, ""
    chosen = "boosting" if rows >= _MANY_ROWS else "forest"
    verb = "are" if chosen == "boosting" else "are no more than"
    return chosen, f"The estimator is {chosen}, since there {verb} {rows:,} rows to learn from."
