"""All that a training came to, as the job's small result and as a document with every figure."""

from dataclasses import dataclass
from typing import Any

import msgspec
import sklearn

from worker.catalogue.train.course import Course, End
from worker.catalogue.train.exam import Exam
from worker.catalogue.train.lesson import Prepared
from worker.catalogue.train.limits import NAMED_COLUMNS
from worker.catalogue.train.params import Params
from worker.catalogue.train.target import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one training, whole or cut short."""

    params: Params
    #: What the table is called.
    name: str
    made: Prepared
    course: Course
    end: End
    #: The estimator of the best epoch.
    model: Any
    exam: Exam
    #: What was told on the way.
    story: tuple[str, ...]

    @property
    def title(self) -> str:
        """Of the report."""
        return f"{self.made.target.name}, predicted from {self.name}"

    def result(self, artifacts: list[str]) -> dict[str, Any]:
        """The job's result: a few kilobytes."""
        made, course, score = self.made, self.course, self.exam.truth.score_name
        best = course.best_measured
        return {
            "target": made.target.name,
            "task": str(made.target.task),
            "why": made.target.why,
            "estimator": made.estimator,
            "rows": {"train": len(made.learnt), "validation": len(made.parts.validation), "test": len(made.parts.test)},
            "features": made.inputs.names[:NAMED_COLUMNS],
            "dropped": dict(list(made.inputs.dropped.items())[:NAMED_COLUMNS]),
            "epochs": course.epoch,
            "best_epoch": course.best,
            "ended_by": str(self.end),
            "validation": {"loss": best.loss_validation, score: best.score_validation},
            "scores": self.exam.scores,
            "baseline": {"says": self.exam.naive, **self.exam.naive_scores},
            "better_than_baseline": self.exam.better,
            "seed": self.params.seed,
            "artifacts": artifacts,
        }

    def figures(self, artifacts: list[str]) -> bytes:
        """Every figure, as JSON."""
        truth, confused = self.exam.truth, self.exam.confused
        document = {
            **self.result(artifacts),
            "data": self.name,
            "features": {"numbers": self.made.inputs.numbers, "words": self.made.inputs.categories},
            "dropped": self.made.inputs.dropped,
            "params": self.params.model_dump(mode="json", exclude={"file"}),
            "history": [{"epoch": number, **each._asdict()} for number, each in enumerate(self.course.history, 1)],
            "classes": truth.classes.tolist() if truth.task is Task.CLASSIFICATION else None,
            "confusion": None if confused is None else confused.tolist(),
            "made_by": f"scikit-learn {sklearn.__version__}",
            "story": self.story,
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=1)
