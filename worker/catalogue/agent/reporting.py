"""The tool `report`: a job of its own, whose progress shows in the step of its parent."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.catalogue.agent.fitting import fitted
from worker.catalogue.agent.inventory import Table
from worker.catalogue.agent.records import Call, Result, Source
from worker.catalogue.agent.tools import Mistaken, arguments, failed
from worker.context import Context
from worker.outcomes import ChildFailed

_TITLE_CHARS = 120


@dataclass(frozen=True)
class Reporting:
    """Has reports made on the tables of one run."""

    ctx: Context
    tables: Sequence[Table]

    def result(self, name: str, call: Call) -> Result:
        """What the report found; a run that finds it unfinished ends here, and a later one goes on."""
        kept = self.ctx.saved(f"{name} result")
        if kept is not None and not kept["ok"]:
            #: The planner has gone on from the failure: the child is not begun anew in another attempt.
            return self._told(name, Result.model_validate(kept))
        try:
            table = self._table(arguments(call))
        except Mistaken as error:
            return self._told(name, self._keep(name, failed(str(error))))
        found = self._child(name, table)
        return Result.model_validate(kept) if kept is not None else self._keep(name, found)

    def _child(self, name: str, table: Table) -> Result:
        began = self._began(name)
        title = f"Report on {table.file}"[:_TITLE_CHARS]
        try:
            child = self.ctx.child("report", {"file": table.upload}, name=name, title=title)
        except ChildFailed as error:
            return failed(f"The report was not made: {error.error.message}"[:500])
        told = child.result if isinstance(child.result, dict) else {}
        links = [{"name": artifact.name, "url": artifact.url} for artifact in child.artifacts]
        return Result(
            ok=True,
            content=fitted({"summary": told.get("summary", []), "job": child.id, "artifacts": links}),
            summary="The report is made.",
            sources=[Source(file=table.file, place=f"report {child.id}")],
            seconds=round(max(0.0, time.time() - began), 3),
        )

    def _began(self, name: str) -> float:
        """When it was first asked for, whichever run that was."""
        began = self.ctx.saved(f"{name} began")
        if began is None:
            began = time.time()
            self.ctx.save(f"{name} began", began)
        return float(began)

    def _table(self, given: Any) -> Table:
        found = next((table for table in self.tables if table.name == given.table), None)
        if found is None:
            named = ", ".join(table.name for table in self.tables)
            raise Mistaken(f"There is no table {given.table[:80]!r}; there is: {named or 'none'}.")
        return found

    def _keep(self, name: str, result: Result) -> Result:
        self.ctx.save(f"{name} result", result.model_dump(mode="json"))
        return result

    def _told(self, name: str, result: Result) -> Result:
        """A step for what has none: the child's own is told where it is begun."""
        with self.ctx.step(name) as step:
            step.summary(result.summary[:200])
        return result
