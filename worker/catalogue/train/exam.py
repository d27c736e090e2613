"""The last test: what the best model makes of rows that had no part in making it, beside one that learnt nothing."""

from dataclasses import dataclass
from typing import Any

from worker.catalogue.train.lesson import Prepared
from worker.catalogue.train.scores import Array, Truth, baseline, confusion, figures
from worker.catalogue.train.target import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Its outcome."""

    truth: Truth
    answers: Array
    scores: dict[str, float]
    #: What the baseline says of every row, in words, and how that scores.
    naive: str
    naive_scores: dict[str, float]

    @property
    def score(self) -> float:
        """The one that leads: accuracy, or R²."""
        return self.scores[self.truth.score_name]

    @property
    def naive_score(self) -> float:
        """The baseline's."""
        return self.naive_scores[self.truth.score_name]

    @property
    def better(self) -> bool:
        """Whether the model beats the baseline at all."""
        return self.score > self.naive_score

    @property
    def confused(self) -> Array | None:
        """How often each class was held for each; None for a quantity."""
        return confusion(self.truth, self.answers) if self.truth.task is Task.CLASSIFICATION else None


def examined(made: Prepared, model: Any) -> Exam:
    """Put the test's questions to *model*."""
    asked = made.test
    answers = asked.answers(model, made.scale)
    naive, says = baseline(asked.truth, made.learnt)
    return Exam(
        truth=asked.truth,
        answers=answers,
        scores=figures(asked.truth, answers),
        naive=naive,
        naive_scores=figures(asked.truth, says),
    )
