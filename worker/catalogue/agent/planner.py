"""Who decides what is done next: a language model, or rules where there is none."""

from collections.abc import Callable
from typing import Protocol

from worker.catalogue.agent.budget import Budget
from worker.catalogue.agent.records import Turn
from worker.catalogue.agent.story import Story

#: Takes text as it comes.
Write = Callable[[str], object]


class Planner(Protocol):
    """Goes by the story alone, so that a later run can go on with it."""

    @property
    def name(self) -> str:
        """Who it is, in the job's result."""
        ...

    def plan(self, story: Story, budget: Budget, write: Write) -> Turn:
        """What is to be done, in words."""
        ...

    def next(self, story: Story, budget: Budget, write: Write) -> Turn:
        """The next calls; none where it knows enough."""
        ...

    def answer(self, story: Story, budget: Budget, write: Write) -> Turn:
        """The answer, with its sources by number."""
        ...

    def cost(self, story: Story) -> int:
        """About how many tokens its next turn and an answer take at least."""
        ...
