"""How an answer ends: its sources, what it lacks, and the job's result."""

from typing import Any

from worker.catalogue.agent.budget import Budget, Limit
from worker.catalogue.agent.limits import ANSWER_CHARS
from worker.catalogue.agent.story import Story
from worker.catalogue.agent.tools import REPORT

_LISTED = 20


def warning(budget: Budget, limit: Limit) -> str:
    """In front of an answer that rests on less than was wanted."""
    return f"This answer is partial. {budget.told(limit)}; it rests on what was found until then.\n\n"


def sources_of(story: Story, text: str) -> str:
    """The sources that *text* cites, a line each; all that were looked at where it cites none."""
    cited, unknown = story.cited(text)
    numbers = cited or range(1, min(len(story.sources), _LISTED) + 1)
    lines = [f"[{number}] {story.sources[number - 1].told()}" for number in numbers]
    head = "Sources:" if cited else "Looked at, but not cited:"
    wrong = f"\nNo source has the number {', '.join(map(str, unknown))}." if unknown else ""
    listed = "\n".join([f"\n\n{head}", *lines]) if lines else ""
    return f"{listed}{wrong}" or "\n"


def result_of(story: Story, budget: Budget, planner: str, text: str) -> dict[str, Any]:
    """What programs get: the same as people read, in parts."""
    cited, _ = story.cited(text)
    done = [each for each in story.done if each.result.ok]
    return {
        "answer": text if len(text) <= ANSWER_CHARS else f"{text[: ANSWER_CHARS - 1]}…",
        "partial": story.limit is not None,
        "limit": story.limit,
        "planner": planner,
        "sources": [{"number": n, **story.sources[n - 1].model_dump(exclude_defaults=True)} for n in cited][:100],
        "steps": budget.steps,
        "tokens": budget.tokens,
        "charts": [each.result.content["drawn"] for each in done if each.call.tool == "chart"],
        "reports": [each.result.content["job"] for each in done if each.call.tool == REPORT],
    }
