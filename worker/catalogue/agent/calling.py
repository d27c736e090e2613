"""Calling a tool: a step inside the step of the tools, an item with arguments and result, and a line of thinking."""

import json
import time
from dataclasses import dataclass

from worker.catalogue.agent.budget import Budget
from worker.catalogue.agent.fitting import fitted
from worker.catalogue.agent.limits import SHOWN_CHARS
from worker.catalogue.agent.once import once
from worker.catalogue.agent.records import Call, Result
from worker.catalogue.agent.reporting import Reporting
from worker.catalogue.agent.story import Done, Story
from worker.catalogue.agent.tools import ARGUMENTS, REPORT, Toolbox
from worker.context import Context
from worker.steps import Step

_TITLE_CHARS = 120


@dataclass(frozen=True, kw_only=True)
class Calling:
    """Makes the calls of one run, in their order: their numbers are what they are kept by."""

    ctx: Context
    toolbox: Toolbox
    story: Story
    budget: Budget

    def search(self, call: Call) -> Done:
        """The search that comes before the plan is gone through; it is a step of its own."""
        return self._done(call, "search", self._used("search", call, title=None))

    def use(self, call: Call) -> Done:
        """One call of a tool, which the budget of steps counts."""
        name = f"{self.budget.steps + 1} {call.tool if call.tool in ARGUMENTS else 'unknown'}"
        self.budget.spend(steps=1)
        title = f"{call.tool}: {_main(call)}"[:_TITLE_CHARS]
        result = self._reported(name, call) if call.tool == REPORT else self._used(name, call, title=title)
        return self._done(call, name, result)

    def _used(self, name: str, call: Call, *, title: str | None) -> Result:
        def work(_step: Step) -> Result:
            began = time.monotonic()
            found = self.toolbox.use(call, self.budget.seconds_left)
            spent = {"content": fitted(found.content), "seconds": round(time.monotonic() - began, 3)}
            return found.model_copy(update=spent)

        result, _ = once(self.ctx, name, Result, work, told=lambda found: found.summary[:200], title=title)
        return result

    def _reported(self, name: str, call: Call) -> Result:
        return Reporting(self.ctx, self.toolbox.inventory.tables).result(name, call)

    def _done(self, call: Call, name: str, result: Result) -> Done:
        self.budget.spend(seconds=result.seconds)
        shown = _shown(call.arguments)
        self.ctx.output("thinking").write(
            f"{f'{call.why} ' if call.why else ''}→ {call.tool} {shown}\n  {result.summary}\n"
        )
        told = {"arguments": shown, "result": _shown(result.content)}
        if result.ok:
            self.ctx.item(name, "succeeded", **told)
        else:
            self.ctx.item(name, "failed", {"code": "tool_failed", "message": result.summary}, **told)
        return Done(call=call, result=result, numbers=self.story.numbered(result.sources))


def _main(call: Call) -> str:
    """The argument that says most of a call: the longest text."""
    given = call.arguments
    texts = [given] if isinstance(given, str) else [value for value in given.values() if isinstance(value, str)]
    return " ".join(max(texts, key=len, default="").split())


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"
