"""What is done once for a job, however many runs it has: in a step, and kept."""

from collections.abc import Callable
from typing import TypeVar

from worker.catalogue.agent.records import Record
from worker.context import Context
from worker.steps import Step

R = TypeVar("R", bound=Record)
#: What stands beside a record: the seconds that its step took.
_TOOK = "took"


def once(
    ctx: Context,
    name: str,
    kind: type[R],
    work: Callable[[Step], R],
    *,
    told: Callable[[R], str],
    title: str | None = None,
) -> tuple[R, bool]:
    """What *work* gives, and whether it was done just now; its step has what *told* says as its summary.

    Not ``ctx.durable``: a step that a later run finds done keeps its title and stands where it stood, in another.
    """
    with ctx.step(name, title=title) as step:
        kept = ctx.saved(name)
        if kept is None:
            found, seconds = work(step), step.seconds
            ctx.save(name, {**found.model_dump(mode="json"), _TOOK: seconds})
        else:
            found, seconds = kind.model_validate(kept), kept.get(_TOOK, 0.0)
        #: Here too: how long it was kept is not part of it, and each run is to tell the same.
        step.took(seconds)
        said = told(found)
        if said:
            step.summary(said)
    return found, kept is None
