"""Epoch after epoch: learn, judge, tell, keep, and stop in time, with the best model at hand at any moment."""

from dataclasses import dataclass
from typing import Any

from worker.catalogue.train.course import Course, End, Measured
from worker.catalogue.train.keeper import Keeper
from worker.catalogue.train.learners import Learner
from worker.catalogue.train.scores import Questions, Scale
from worker.catalogue.wording.words import number as figure
from worker.context import Context
from worker.outcomes import JobFailed
from worker.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What every epoch is judged by."""

    train: Questions
    validation: Questions
    scale: Scale

    def measure(self, model: Any) -> Measured:
        """Losses and scores of *model* as it is."""
        (loss, score), (loss_unseen, score_unseen) = (
            asked.truth.judged(asked.answers(model, self.scale)) for asked in (self.train, self.validation)
        )
        return Measured(loss, loss_unseen, score, score_unseen)


class Trainer:
    """One training, from its first epoch or from where a run before this one has left it."""

    def __init__(self, ctx: Context, learner: Learner, judge: Judge, *, epochs: int, patience: int) -> None:
        self._ctx, self._learner, self._judge = ctx, learner, judge
        self._epochs, self._patience = min(epochs, learner.most), patience
        self._keeper = Keeper(ctx)
        self.course = Course()
        #: The model of the best epoch; None before the first is over.
        self.best: Any = None

    def resume(self) -> int:
        """Goes on from what was kept; returns the epoch that is over, 0 where nothing was."""
        kept = self._keeper.found()
        if kept is not None:
            self.course, self._learner.model = kept.course, kept.models["model"]
            self.best = kept.models["best"]
            if self.best is None:
                self.best = self._learner.earlier(self.course.best) or self._learner.copy()
        return self.course.epoch

    def run(self, step: Step) -> End:
        """All epochs that are left; returns why it ended there."""
        while (end := self.course.end(self._epochs, self._patience)) is None:
            measured = self._epoch(step, self.course.epoch + 1)
            if measured is None:
                end = End.DIVERGED
                break
            self._take(measured)
            self._tell(step, measured)
            self._keeper.keep_if_due(self.course, self._models)
        self._keeper.keep(self.course, self._models)
        return end

    def _epoch(self, step: Step, number: int) -> Measured | None:
        """Learns one epoch; None where its weights have run away and an earlier one has to do."""
        try:
            for share in self._learner.epoch(number):
                step.progress(number - 1 + share, self._epochs, unit="epochs")
            measured = self._judge.measure(self._learner.model)
        except (ValueError, FloatingPointError) as error:
            #: scikit-learn's word for weights that are no numbers any more.
            self._ran_away(number, error)
            return None
        if measured.sound:
            return measured
        self._ran_away(number, None)
        return None

    def _ran_away(self, number: int, error: Exception | None) -> None:
        if not self.course.epoch:
            raise JobFailed(
                "diverged", f"The weights ran away in epoch {number}: try a smaller learning_rate."
            ) from error
        self._ctx.log(f"The weights ran away in epoch {number}; the best epoch before it counts.", level="warning")

    def _take(self, measured: Measured) -> None:
        self.course.history.append(measured)
        if self.course.best == self.course.epoch:
            self.best = self._learner.copy()

    def _tell(self, step: Step, measured: Measured) -> None:
        course, score = self.course, self._judge.train.truth.score_name
        for name, value in zip(
            ("loss/train", "loss/validation", f"{score}/train", f"{score}/validation"), measured, strict=True
        ):
            self._ctx.metric(name, value, step=course.epoch)
        best = f"best {figure(course.best_measured.loss_validation)} in epoch {course.best}"
        message = f"Epoch {course.epoch}: validation loss {figure(measured.loss_validation)}, {best}"
        step.progress(course.epoch, self._epochs, unit="epochs", message=message)

    def _models(self) -> dict[str, Any]:
        """What is to be kept: the model, and the best one where it is neither the same nor still a part of it."""
        course = self.course
        held = course.best == course.epoch or self._learner.earlier(course.best) is not None
        return {"model": self._learner.model, "best": None if held else self.best}
