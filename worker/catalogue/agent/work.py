"""An agent's work, step by step: each thing that is done is kept, so that a later run tells it again and goes on."""

from collections.abc import Callable
from typing import Any

from worker.catalogue.agent.budget import Budget
from worker.catalogue.agent.calling import Calling
from worker.catalogue.agent.closing import result_of, sources_of, warning
from worker.catalogue.agent.compose import composed
from worker.catalogue.agent.inventory import Inventory
from worker.catalogue.agent.library import Library
from worker.catalogue.agent.once import once
from worker.catalogue.agent.params import Params
from worker.catalogue.agent.planner import Planner
from worker.catalogue.agent.records import Call, Record, Turn
from worker.catalogue.agent.rules import Rules
from worker.catalogue.agent.story import Move, Story
from worker.catalogue.agent.telling import RULES, counted, holding, lines_of, listed, wanted
from worker.catalogue.agent.tools import READY, Toolbox
from worker.catalogue.endpoint import endpoint
from worker.context import Context
from worker.outcomes import JobFailed
from worker.steps import Step

#: Passages that the first search brings.
_PASSAGES = 6


class Begun(Record):
    """What the first step finds out."""

    #: The model's name at its endpoint; empty where rules plan.
    model: str
    inventory: Inventory


class Work:
    """One run of one job."""

    def __init__(self, ctx: Context, params: Params) -> None:
        self._ctx, self._params = ctx, params
        self._library = Library(ctx, params.files)
        self._story = Story(goal=params.goal.strip())
        self._budget = Budget(max_steps=params.max_steps, max_tokens=params.max_tokens, max_seconds=params.max_seconds)
        self._planner: Planner = Rules()
        self._think = ctx.output("thinking").write

    # The steps ------------------------------------------------------------------------------------------------

    def understand(self) -> None:
        """Which model there is is asked before any work; then the files are read."""
        begun, _ = once(self._ctx, "understand", Begun, self._begin, told=lambda found: holding(found.inventory))
        self._story.inventory = begun.inventory
        self._planner = self._planner_of(begun.model)
        self._think(f"{listed(begun.inventory)}{'' if begun.model else RULES}")
        if self._params.files and not (begun.inventory.documents or begun.inventory.tables):
            first = begun.inventory.unreadable[0]
            raise JobFailed("nothing_readable", f"None of the files could be read. {first.file}: {first.why}")

    def plan(self) -> None:
        """In words; a budget that is too small for them ends the work here."""
        self._story.limit = self._budget.ended(tokens=self._planner.cost(self._story))
        if self._story.limit is not None:
            self._ctx.skip_step("plan", f"{self._budget.told(self._story.limit)}.")
            return
        self._think("\nPlan:\n")
        self._story.plan = self._turn("plan", self._planner.plan, lines_of)

    def search(self) -> None:
        """The goal's own words, in the documents."""
        if not self._story.inventory.documents:
            self._ctx.skip_step("search", "There are no documents.")
            return
        given = {"query": self._story.goal[:500], "limit": _PASSAGES}
        self._story.search = self._calling.search(Call(id="search", tool="search", arguments=given))

    def call_tools(self) -> None:
        """As the planner goes on, until it knows enough or a budget is used up."""
        before = self._budget.seconds
        with self._ctx.step("tools") as step:
            while self._story.limit is None and self._goes_on():
                step.progress(self._budget.steps, self._budget.max_steps, unit="tool calls")
            #: What was spent in it counts that of earlier runs; what lies between two calls only this run has seen.
            step.took(max(step.seconds, round(self._budget.seconds - before, 3)))
            made = counted(self._budget.steps, "tool call")
            step.summary(made if self._story.limit is None else f"{made}; {self._budget.told(self._story.limit)}")

    def answer(self) -> dict[str, Any]:
        """The answer, with its sources behind it; a budget that has ended the work is named in front."""
        out = self._ctx.output("answer")
        if self._story.limit is not None:
            out.write(warning(self._budget, self._story.limit))
        turn, fresh = once(self._ctx, "answer", Turn, lambda _step: self._answered(out.write), told=lambda _turn: "")
        if not fresh:
            out.write(turn.text)
        self._spend(turn)
        if turn.cut:
            self._story.limit = self._story.limit or "seconds"
            out.write(f" … ({self._budget.told('seconds')}: the answer is cut here.)")
        out.write(sources_of(self._story, turn.text))
        return result_of(self._story, self._budget, self._planner.name, turn.text)

    # What they are made of ------------------------------------------------------------------------------------

    def _begin(self, step: Step) -> Begun:
        found = endpoint()
        if found is None and self._params.model:
            raise JobFailed("model_unavailable", "No language model is set up for this worker; leave the model empty.")
        if found is None:
            self._ctx.log("No language model is set up for this worker: rules plan the work.")
        model = "" if found is None else found.check(self._params.model)
        read = [0]

        def heard(name: str) -> None:
            read[0] += 1
            step.progress(read[0], len(self._params.files), unit="files", message=name)

        self._library.heard = heard
        inventory = self._library.inventory
        self._library.heard = lambda _name: None
        return Begun(model=model, inventory=inventory)

    def _planner_of(self, model: str) -> Planner:
        if not model:
            return Rules()
        found = endpoint()
        if found is None:
            raise JobFailed(
                "model_unavailable", "The worker that has this job now has no language model.", retryable=True
            )
        from worker.catalogue.agent.model import Model  # noqa: PLC0415 - where there is one

        return Model(ctx=self._ctx, endpoint=found, name=model)

    @property
    def _calling(self) -> Calling:
        return Calling(
            ctx=self._ctx,
            toolbox=Toolbox(ctx=self._ctx, library=self._library, inventory=self._story.inventory),
            story=self._story,
            budget=self._budget,
        )

    def _goes_on(self) -> bool:
        """One turn of the planner and the calls that it asks for; False where it asks for none."""
        self._story.limit = self._budget.ended(tokens=self._planner.cost(self._story))
        if self._story.limit == "steps":
            #: What it would still want is known only when it is asked once more.
            self._story.limit = None
        if self._story.limit is not None:
            return False
        move = Move(turn=self._turn(f"turn {len(self._story.moves) + 1}", self._planner.next, wanted, title="Think"))
        self._story.moves.append(move)
        if move.turn.cut:
            self._story.limit = "seconds"
        calls = [call for call in move.turn.calls if call.tool != READY]
        for call in calls:
            if self._story.limit is None:
                self._story.limit = self._budget.ended()
            if self._story.limit is not None:
                return False
            move.done.append(self._calling.use(call))
        return len(calls) == len(move.turn.calls) > 0

    def _turn(
        self, name: str, ask: Callable[..., Turn], told: Callable[[Turn], str], *, title: str | None = None
    ) -> Turn:
        """A planner's turn; what it says is streamed, or told in one piece where an earlier run had it."""
        asked = lambda _step: ask(self._story, self._budget, self._think)  # noqa: E731 - in the step, and maybe never
        turn, fresh = once(self._ctx, name, Turn, asked, told=told, title=title)
        if not fresh:
            self._think(turn.text)
        if turn.text and not turn.text.endswith("\n"):
            self._think("\n")
        self._spend(turn)
        return turn

    def _spend(self, turn: Turn) -> None:
        self._budget.spend(tokens=turn.tokens, seconds=turn.seconds)
        if turn.tokens:
            self._ctx.metric("tokens", self._budget.tokens)

    def _answered(self, write: Callable[[str], object]) -> Turn:
        """By the planner where the budget allows it; in sentences of ours from what was found where it does not."""
        story, planner = self._story, self._planner
        if story.draft:
            write(story.draft)
            return Turn(text=story.draft)
        if story.limit in (None, "steps") or (
            story.limit == "tokens" and planner.cost(story) < 2 * self._budget.tokens_left
        ):
            turn = planner.answer(story, self._budget, write)
            if turn.text.strip():
                return turn
        text = composed(story)
        write(text)
        return Turn(text=text)
