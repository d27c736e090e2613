"""The stages of a training, one after the other; each tells what it decided as soon as it has."""

from collections.abc import Iterable
from typing import Any

from threadpoolctl import threadpool_limits

from worker.catalogue.train import narrative
from worker.catalogue.train.course import End
from worker.catalogue.train.estimators import learner
from worker.catalogue.train.exam import Exam, examined
from worker.catalogue.train.lesson import Prepared, prepared
from worker.catalogue.train.material import material
from worker.catalogue.train.outcome import Outcome
from worker.catalogue.train.params import Params
from worker.catalogue.train.shipped import shipped
from worker.catalogue.train.tables import Loaded, uploaded
from worker.catalogue.train.trainer import Judge, Trainer
from worker.catalogue.train.written import Writer
from worker.catalogue.wording.words import count
from worker.context import Context
from worker.steps import Step


class Training:
    """One model in the making."""

    def __init__(self, ctx: Context, params: Params) -> None:
        self._ctx, self._params = ctx, params
        #: One thread a job: several of them on busy cores wait for each other actively, and the order in which they
        #: add up would make another model on another machine.
        ctx.cleanup(threadpool_limits(limits=1).restore_original_limits)
        self._writer = Writer(ctx)
        self._story: list[str] = []
        self._loaded: Loaded
        self._prepared: Prepared
        self._trainer: Trainer
        self._end = End.CANCELLED
        self._exam: Exam

    def load(self, step: Step) -> str:
        """Read the table."""
        params = self._params
        self._loaded = uploaded(self._ctx, step, params.file) if params.file else shipped(params.dataset)
        self._tell(narrative.on_loading(self._loaded))
        return self._loaded.size

    def prepare(self, step: Step) -> str:
        """Choose what is learnt from, deal the rows out and make the estimator."""
        params = self._params
        found = material(step, self._loaded, params, self._ctx.raise_if_cancelled)
        made = self._prepared = prepared(found, params)
        self._ctx.raise_if_cancelled()
        judge = Judge(train=made.train, validation=made.validation, scale=made.scale)
        able = learner(made.estimator, made.lesson)
        self._trainer = Trainer(self._ctx, able, judge, epochs=params.epochs, patience=params.patience)
        self._tell([*narrative.on_preparing(found, made), *narrative.on_limits(able, params.epochs)])
        return f"{count(len(made.learnt), 'row')} to learn from, {count(made.lesson.inputs.shape[1], 'input')}"

    def train(self, step: Step) -> str:
        """Learn, epoch by epoch, from where an earlier run was."""
        before = self._trainer.resume()
        if before:
            self._ctx.log(f"Training goes on after epoch {before}, which was kept.")
        self._end = self._trainer.run(step)
        self._tell(narrative.on_training(self._trainer.course, self._end))
        return narrative.stopped(self._trainer.course, self._end)

    def evaluate(self, step: Step) -> str:
        """Try the best model on rows that had no part in making it."""
        self._exam = examined(self._prepared, self._trainer.best)
        step.progress(1, 1)
        self._tell(narrative.on_exam(self._exam))
        return narrative.headline(self._exam)

    def export(self, step: Step) -> dict[str, Any]:
        """Write the model, the charts and the report."""
        outcome = self._outcome()
        self._writer.model(outcome)
        step.progress(fraction=0.3, message="The model is written")
        self._writer.charts(outcome, step)
        self._writer.report(outcome)
        step.progress(fraction=1, message="The report is written")
        return outcome.result(self._writer.names)

    def rescue(self) -> None:
        """The job is to end: what there is of the model is handed over, in what is left of the time for that."""
        if self._trainer.best is None:
            return
        with self._ctx.shield():
            self._exam = examined(self._prepared, self._trainer.best)
            outcome = self._outcome()
            self._writer.model(outcome)
            self._writer.report(outcome)
            best, done = self._trainer.course.best, count(self._trainer.course.epoch, "epoch")
            found = narrative.headline(self._exam)
            self._ctx.log(f"The best model of {done} so far, that of epoch {best}, is kept: {found}.")

    def _outcome(self) -> Outcome:
        return Outcome(
            params=self._params,
            name=self._loaded.name,
            made=self._prepared,
            course=self._trainer.course,
            end=self._end,
            model=self._trainer.best,
            exam=self._exam,
            story=tuple(self._story),
        )

    def _tell(self, sentences: Iterable[str]) -> None:
        """Stream what there is to say, a paragraph for each stage."""
        told = list(sentences)
        self._story += told
        self._ctx.output("text").write(" ".join(told) + "\n\n")
