"""An answer in sentences of ours, from what tools have found: figures, quotes, or plainly that there is nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.catalogue.agent.cells import told
from worker.catalogue.agent.question import Question
from worker.catalogue.agent.recognise import questions
from worker.catalogue.agent.records import Result
from worker.catalogue.agent.story import Done, Story
from worker.catalogue.agent.tools import REPORT
from worker.catalogue.agent.words import telling, words

#: A passage is quoted where it has this share of the words that are asked for.
_COVERS = 0.34
_QUOTES, _QUOTE_CHARS = 3, 600
_NAMED = 5
_PAIR = 2


def composed(story: Story) -> str:
    """The whole answer."""
    question = next(iter(questions(story.goal, story.inventory.tables)), None)
    asked = telling(story.goal) if question is None else list(question.ignored)
    quotes, found = _quotes(story, asked)
    figures = [part for done in story.done if (part := _figures(question, done))]
    if not figures and not quotes:
        return _nothing(story)
    left = [word for word in asked if word not in found] if question is not None else []
    documents = ["From the documents:", *quotes] if quotes else []
    return "\n\n".join([*figures, *_ignored(left), *documents])


def _figures(question: Question | None, done: Done) -> str:
    result, mark = done.result, _mark(done.numbers)
    if not result.ok:
        return "" if done.call.tool == "search" else f"{done.call.why or done.call.tool} This failed: {result.summary}"
    match done.call.tool:
        case "sql":
            return _table(question, result, mark)
        case "chart":
            return f"The chart {result.content.get('drawn')} shows it."
        case "calculate":
            return f"{result.summary} {mark}."
        case tool if tool == REPORT:
            return " ".join([f"The report says {mark}:", *map(str, result.content.get("summary", ()))])
    return ""


def _mark(numbers: Iterable[int]) -> str:
    return "".join(f"[{number}]" for number in numbers)


def _table(question: Question | None, result: Result, mark: str) -> str:
    rows = result.content.get("rows") or []
    if question is None or question.sql() != (result.sources[0].query if result.sources else ""):
        return _listed(result, mark)
    if not rows or rows[0][-1] is None:
        return f"{question.table.told} has no rows{question.limits} {mark}."
    if question.every:
        return f"{_course(question, rows)} {mark}."
    return f"{_ranks(question, rows) if question.group else _single(question, rows)} {mark}."


def _single(question: Question, rows: list[list[Any]]) -> str:
    return f"The {question.subject} in {question.table.told}{question.limits} is {told(rows[0][0])}"


def _ranks(question: Question, rows: list[list[Any]]) -> str:
    name = question.group.name if question.group else ""
    first, *others = [f"{told(row[0])} with {told(row[1])}" for row in rows[:_NAMED]]
    more = f", and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    then = f"; then {', '.join(others)}{more}" if others else ""
    side = "highest" if question.order == "high" else "lowest"
    return f"By {name}, the {question.subject} in {question.table.told}{question.limits} is {side} for {first}{then}"


def _course(question: Question, rows: list[list[Any]]) -> str:
    #: A month is told as 2013-07, a year as 2013; a quarter and a week by their first day.
    most = {"year": 4, "month": 7}.get(question.every or "", 10)
    points = [(str(row[0])[:most], row[1]) for row in rows if isinstance(row[1], int | float)]
    what = f"the {question.subject} in {question.table.told}{question.limits}"
    if len(points) < _PAIR:
        return f"By {question.every}, {what} has no course: there is one {question.every}"
    high, low = max(points, key=lambda point: point[1]), min(points, key=lambda point: point[1])
    return (
        f"By {question.every}, {what} went from {told(points[0][1])} ({points[0][0]}) to {told(points[-1][1])}"
        f" ({points[-1][0]}); it was highest in {high[0]} with {told(high[1])}"
        f" and lowest in {low[0]} with {told(low[1])}"
    )


def _ignored(left: Sequence[str]) -> list[str]:
    """What of the goal the figures take no account of: they may be others than were meant."""
    if not left:
        return []
    named = ", ".join(f"“{word}”" for word in left[:_NAMED])
    return [f"This takes no account of {named}: no column and no value of the table is called so."]


def _listed(result: Result, mark: str) -> str:
    columns, rows = result.content.get("columns") or [], result.content.get("rows") or []
    lines = [
        ", ".join(f"{name}: {told(value)}" for name, value in zip(columns, row, strict=False)) for row in rows[:_NAMED]
    ]
    return f"A query gave {result.summary} {mark}: {'; '.join(lines) or 'nothing'}."


def _quotes(story: Story, asked: Sequence[str]) -> tuple[list[str], set[str]]:
    """Passages that have enough of the words that are asked for, and which of the words those are."""
    quotes: list[str] = []
    found: set[str] = set()
    done = story.search
    passages = done.result.content.get("passages", ()) if done is not None else ()
    for passage, number in zip(passages, done.numbers if done is not None else (), strict=False):
        has = set(words(str(passage["text"]))) & set(asked)
        if asked and len(has) >= _COVERS * len(asked) and len(quotes) < _QUOTES:
            quotes.append(_quote(passage, number))
            found |= has
    return quotes, found


def _quote(passage: Mapping[str, Any], number: int) -> str:
    text = " ".join(str(passage["text"]).split())
    quoted = text if len(text) <= _QUOTE_CHARS else f"{text[: _QUOTE_CHARS - 1].rstrip()}…"
    return f"{passage['file']}, {passage['place']} [{number}]: “{quoted}”"


def _nothing(story: Story) -> str:
    """What was looked for, and where: so that somebody can ask better."""
    looked: list[str] = []
    if story.inventory.documents:
        named = ", ".join(f"“{word}”" for word in telling(story.goal)[:8]) or "the goal"
        looked.append(f"no passage of the documents has enough of the words {named}")
    if story.inventory.tables:
        looked.append("the goal names no figure and no column of the tables that could be asked for")
    if not looked:
        return "There is nothing to answer from: no file that could be read, and nothing to calculate."
    return f"The files do not answer this, as far as rules can tell: {'; '.join(looked)}."
