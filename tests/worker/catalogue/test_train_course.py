"""The best epoch is the first with a validation loss that none clearly beats, and the training ends in time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.catalogue.train.course import CLEARLY, Course, End, Measured

LOSSES = st.lists(st.floats(0, 10), min_size=1, max_size=40)


def course(losses: list[float]) -> Course:
    return Course([Measured(loss, loss, 0.5, 0.5) for loss in losses])


@settings(max_examples=25)
@given(LOSSES)
def test_no_epoch_was_clearly_better_than_the_best_and_none_as_good_came_before_it(losses: list[float]) -> None:
    best = course(losses).best
    assert min(losses) >= losses[best - 1] - CLEARLY
    assert min(losses[: best - 1], default=11) > losses[best - 1]


@settings(max_examples=25)
@given(LOSSES, st.integers(1, 10))
def test_it_ends_for_want_of_patience_when_so_many_epochs_were_no_better(losses: list[float], patience: int) -> None:
    made = course(losses)
    waited = made.epoch - made.best
    assert made.end(1000, patience) == (End.PATIENCE if waited >= patience else None)


@settings(max_examples=25)
@given(LOSSES)
def test_without_patience_it_goes_through_with_all_epochs(losses: list[float]) -> None:
    made = course(losses)
    assert made.end(len(losses) + 1, 0) is None
    assert made.end(len(losses), 0) is End.EPOCHS


def test_before_the_first_epoch_there_is_no_best() -> None:
    assert (Course().best, Course().end(5, 1)) == (0, None)
