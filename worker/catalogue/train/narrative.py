"""What is said of a training, sentence by sentence: what was decided, how it went, how good the model is."""

from collections.abc import Iterator

from worker.catalogue.train.course import Course, End
from worker.catalogue.train.exam import Exam
from worker.catalogue.train.inputs import Inputs, told
from worker.catalogue.train.learners import Learner
from worker.catalogue.train.lesson import Prepared
from worker.catalogue.train.limits import MAX_TREES
from worker.catalogue.train.material import Material
from worker.catalogue.train.tables import Loaded
from worker.catalogue.train.target import Task
from worker.catalogue.wording.words import capital, count, listing, number, percent

_ENDS = {
    End.EPOCHS: "all of them were gone through",
    End.PATIENCE: "none since was better, so it stopped there",
    End.DIVERGED: "then the weights ran away",
    End.CANCELLED: "then it was cancelled",
}
_FEW_TEST_ROWS = 100


def on_loading(loaded: Loaded) -> Iterator[str]:
    """What the table is."""
    yield f"{loaded.name} has {count(loaded.rows, 'row')} and {count(loaded.width, 'column')}."
    yield from loaded.notes


def on_preparing(found: Material, made: Prepared) -> Iterator[str]:
    """What is predicted from what, and by whom."""
    target, parts = made.target, made.parts
    yield f"{target.name} is predicted: a {target.task}, since {target.why}."
    yield from found.notes
    yield f"It is learnt from {told(made.inputs)}."
    if made.inputs.dropped:
        yield f"Left out: {dropped(made.inputs)}."
    yield (
        f"{count(len(parts.train), 'row')} are learnt from, {len(parts.validation):,} choose the best epoch,"
        f" {len(parts.test):,} are kept for the test."
    )
    if made.why:
        yield made.why


def on_limits(able: Learner, epochs: int) -> Iterator[str]:
    """What keeps it from as many epochs as were asked for."""
    if able.most < epochs:
        yield f"No more than {count(able.most, 'epoch')}: a model has {MAX_TREES:,} trees at most."


def dropped(inputs: Inputs) -> str:
    """Columns that are not learnt from, with the reason."""
    return listing([f"{name} ({why})" for name, why in inputs.dropped.items()], 8)


def stopped(course: Course, end: End) -> str:
    """How far it came, in one sentence."""
    return f"{count(course.epoch, 'epoch')}; {_ENDS[end]}; the best was epoch {course.best}"


def on_training(course: Course, end: End) -> Iterator[str]:
    """How it went."""
    yield f"{capital(stopped(course, end))}, with a validation loss of {number(course.best_measured.loss_validation)}."


def headline(exam: Exam) -> str:
    """How good it is, in one sentence without its full stop."""
    rows = count(len(exam.truth.values), "unseen row")
    if exam.truth.task is Task.CLASSIFICATION:
        return f"{percent(exam.score)} of {rows} right; {exam.naive} gets {percent(exam.naive_score)}"
    rmse, naive = number(exam.scores["rmse"]), number(exam.naive_scores["rmse"])
    return f"R² {exam.score:.3f} on {rows}: off by {rmse} (RMSE); {exam.naive}, is off by {naive}"


def on_exam(exam: Exam) -> Iterator[str]:
    """How good it is, and how far that can be believed."""
    yield f"{capital(headline(exam))}."
    if not exam.better:
        yield "The model is no better than that: there is nothing in these columns that it could use."
    if len(exam.truth.values) < _FEW_TEST_ROWS:
        yield f"With {count(len(exam.truth.values), 'row')} in the test, another seed may well give another figure."
