"""What is done once for a job, however many runs it has: in a step, and kept."""

from collections.abc import Callable
from typing import TypeVar

from worker.catalogue.agent.records import Record
from worker.context import Context
from worker.steps import Step

R = TypeVar("R", bound=Record)


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
        found = work(step) if kept is None else kind.model_validate(kept)
        if kept is None:
            ctx.save(name, found.model_dump(mode="json"))
        said = told(found)
        if said:
            step.summary(said)
    return found, kept is None
