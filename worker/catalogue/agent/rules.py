"""The planner without a language model: rules that know some questions, and say what they do not know."""

import re
from collections.abc import Iterator

from worker.catalogue.agent.budget import Budget
from worker.catalogue.agent.compose import composed
from worker.catalogue.agent.planner import Write
from worker.catalogue.agent.question import Question
from worker.catalogue.agent.recognise import questions
from worker.catalogue.agent.records import Call, Turn
from worker.catalogue.agent.story import Story
from worker.catalogue.agent.tools import REPORT

_SUM = re.compile(r"[\d(][\d\s.,()]*(?:(?:\*\*|[-+*/^×÷−])[\s(]*\d[\d\s.,()]*)+")
_REPORT = re.compile(
    r"\b(?:report|analy[sz]e|analysis|overview|profile|anomal\w*|outliers?|stands? out|unusual)\b|报告|分析|异常",
    re.IGNORECASE,
)
#: Tables that are reported on for one goal.
_REPORTS = 2
#: A chart of fewer groups says no more than a sentence.
_LEAST_BARS = 3


class Rules:
    """Plans by what the goal names of the tables; what it says is what it does."""

    name = "rules"

    def plan(self, story: Story, budget: Budget, write: Write) -> Turn:  # noqa: ARG002 - a planner's turn
        """What the rules have recognised."""
        found = [call.why for call in planned(story)]
        if story.inventory.documents:
            found.insert(0, "Look for the words of the goal in the documents.")
        if not found:
            found = ["Nothing that the rules know how to look for."]
        text = "".join(f"{number}. {why}\n" for number, why in enumerate(found, 1))
        write(text)
        return Turn(text=text)

    def next(self, story: Story, budget: Budget, write: Write) -> Turn:  # noqa: ARG002 - as above
        """All of the plan at once, then nothing."""
        return Turn() if story.moves else Turn(calls=planned(story))

    def answer(self, story: Story, budget: Budget, write: Write) -> Turn:  # noqa: ARG002 - as above
        """What was found, in sentences of ours."""
        text = composed(story)
        write(text)
        return Turn(text=text)

    def cost(self, story: Story) -> int:  # noqa: ARG002 - as above
        """Rules cost nothing."""
        return 0


def planned(story: Story) -> list[Call]:
    """The calls that the goal gives reason for; the same each time."""
    found = [*_asked(story), *_reports(story), *_sums(story.goal)]
    return [call.model_copy(update={"id": f"rule-{number}"}) for number, call in enumerate(found, 1)]


def _asked(story: Story) -> Iterator[Call]:
    for question in questions(story.goal, story.inventory.tables):
        why = f"Ask {question.table.told} for the {question.subject}{_by(question)}{question.limits}."
        yield Call(id="", tool="sql", arguments={"query": question.sql()}, why=why)
        if question.every or (question.group and question.most >= _LEAST_BARS):
            kind = "line" if question.every else "bar"
            drawn = {"title": question.title[:120], "query": question.sql(), "kind": kind}
            yield Call(id="", tool="chart", arguments=drawn, why="Draw it.")


def _by(question: Question) -> str:
    if question.every:
        return f" by {question.every}"
    return f" by {question.group.name}" if question.group else ""


def _reports(story: Story) -> Iterator[Call]:
    if not _REPORT.search(story.goal):
        return
    tables = {table.upload: table for table in reversed(story.inventory.tables)}
    for table in list(reversed(tables.values()))[:_REPORTS]:
        why = f"Have a report made on {table.file}."
        yield Call(id="", tool=REPORT, arguments={"table": table.name}, why=why)


def _sums(goal: str) -> Iterator[Call]:
    found = _SUM.search(goal)
    if found is None or re.fullmatch(r"[\d\s]+(?:[-−/][\d\s]+){1,2}", found.group()):
        #: Two or three numbers with dashes or slashes are a date or a range.
        return
    expression = re.sub(r"(?<=\d),(?=\d{3}\b)", "", found.group()).strip()
    yield Call(id="", tool="calculate", arguments={"expression": expression}, why=f"Calculate {expression}.")
