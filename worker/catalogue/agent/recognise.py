"""Recognise what a goal asks of a table: how many, the total, the mean, the highest, by what, over which rows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from worker.catalogue.agent.inventory import Column, Table
from worker.catalogue.agent.question import Condition, Every, How, Question, equal, quoted
from worker.catalogue.agent.words import STOPWORDS, words

#: What asks for a figure; the first that is found says which.
_HOW: tuple[tuple[How, str], ...] = (
    ("count", r"\bhow many\b|\bnumber of\b|\bcounts?\b|多少|几个|数量"),
    ("sum", r"\btotals?\b|\bsum\b|\baltogether\b|\boverall\b|\bhow much\b|总|合计"),
    ("avg", r"\baverages?\b|\bmeans?\b|\bavg\b|\btypical\b|平均"),
)
_HIGH = r"\b(?:highest|largest|biggest|greatest|maximum|max|most|top|best)\b|最高|最大|最多"
_LOW = r"\b(?:lowest|smallest|minimum|min|least|fewest)\b|最低|最小|最少"
_TREND = r"\btrends?\b|\bover time\b|\bdevelop\w*|\bevolv\w*|\bgr[oe]w\w*|\bchang(?:e|es|ed|ing)\b|趋势|变化"
_EVERY: tuple[tuple[Every, str], ...] = (
    ("year", r"\b(?:per|by|each|every|which) years?\b|\byearly\b|\bannual\w*|按年|每年"),
    ("quarter", r"\b(?:per|by|each|every|which) quarters?\b|\bquarterly\b|按季|每季"),
    ("month", r"\b(?:per|by|each|every|which) months?\b|\bmonthly\b|按月|每月"),
    ("week", r"\b(?:per|by|each|every|which) weeks?\b|\bweekly\b|按周|每周"),
    ("day", r"\b(?:per|by|each|every|which) days?\b|\bdaily\b|按天|每天|每日"),
)
_MOST = re.compile(r"\b(?:top|first|best|worst|highest|lowest|largest|smallest)\s+(\d{1,2})\b|前\s*(\d{1,2})")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = re.compile(rf"\b(?:in|of|during|for|since)\s+({'|'.join(_MONTHS)})\b|\b({'|'.join(_MONTHS)})\b")
_ROWS = frozenset({"row", "record", "entry", "line"})
#: Measures that are no amounts: adding them up says nothing.
_MEANS = frozenset(
    (  # noqa: SIM905 - read as words, not as a column of quotes
        "rate ratio share percent percentage price temperature temp pressure speed delay age score mean average avg "
        "humidity visibility density index level width length height weight latitude longitude margin"
    ).split()
)
#: Of a column's name, so much must be said to mean it.
_ENOUGH = 0.5
_GROUPS, _MOST_GROUPS = 10, 50
_DECADE = 10


def questions(goal: str, tables: Iterable[Table]) -> list[Question]:
    """What *goal* asks of the table that it fits best; none where it names nothing that a table has."""
    found = [question for table in tables if (question := _Reading(goal, table).question())]
    return sorted(found, key=lambda question: -question.score)[:1]


@dataclass
class _Reading:
    """One goal beside one table."""

    goal: str
    table: Table

    def __post_init__(self) -> None:
        self.goal = self.goal.lower()
        self.said = set(words(self.goal))
        shares = {column.name: _share(column.name, self.said) for column in self.table.columns}
        self.named = {name: share for name, share in shares.items() if share >= _ENOUGH}

    def question(self) -> Question | None:
        values = list(self._values())
        where = (*(equal(column, value) for column, value in values), *self._when())
        measure = self._best("number", ())
        time, every = self._period()
        group = None if every else self._best("text", [column.name for column, _ in values])
        how, asked = self._how(measure, single=not (group or every))
        if not self._answers(measure, how, asked=asked, parts=bool(group or every or where)):
            return None
        named = sum(self.named[column.name] for column in (measure, group) if column)
        found = Question(
            table=self.table,
            how=how,
            measure=measure,
            group=group,
            time=time,
            every=every,
            where=where,
            order="low" if re.search(_LOW, self.goal) else "high",
            most=self._most(),
            score=named + len(where) + 0.5 * bool(every),
        )
        return self._with_ignored(found, [value for _, value in values])

    def _answers(self, measure: Column | None, how: How, *, asked: bool, parts: bool) -> bool:
        """Whether the goal asks this table for anything."""
        if measure is not None:
            return asked or parts
        rows = bool(self.said & _ROWS) or _share(self.table.name, self.said) >= _ENOUGH
        return how == "count" and asked and (parts or rows)

    def _how(self, measure: Column | None, *, single: bool) -> tuple[How, bool]:
        """What is done to the measure, and whether the goal says so."""
        said = next((how for how, pattern in _HOW if re.search(pattern, self.goal)), None)
        if measure is None:
            return "count", said == "count"
        usual: How = "avg" if _MEANS & set(_own(measure.name)) else "sum"
        if said is not None:
            return (usual if said == "count" else said), True
        extreme: How | None = "max" if re.search(_HIGH, self.goal) else "min" if re.search(_LOW, self.goal) else None
        if extreme is not None:
            return (extreme if single else usual), True
        return usual, bool(re.search(_TREND, self.goal))

    def _most(self) -> int:
        found = _MOST.search(self.goal)
        return min(max(int(found.group(1) or found.group(2)), 1), _MOST_GROUPS) if found else _GROUPS

    def _dated(self) -> Column | None:
        return next((column for column in self.table.columns if column.kind == "date"), None)

    def _period(self) -> tuple[Column | None, Every | None]:
        dated = self._dated()
        if dated is None:
            return None, None
        said = next((every for every, pattern in _EVERY if re.search(pattern, self.goal)), None)
        if said is None and re.search(_TREND, self.goal):
            said = _fitting(dated)
        return (dated, said) if said else (None, None)

    def _values(self) -> Iterator[tuple[Column, str]]:
        """Values of the table's texts that the goal names."""
        for column in self.table.columns:
            found = next((value for value in column.values if _is_said(value.lower(), self.goal)), None)
            if found is not None and found.lower() not in _own(column.name):
                yield column, found

    def _when(self) -> Iterator[Condition]:
        """A year or a month that the goal names."""
        dated = self._dated()
        if dated is None:
            return
        year, month = _YEAR.search(self.goal), _MONTH.search(self.goal)
        if year:
            yield Condition(sql=f"year({quoted(dated.name)}) = {year.group()}", spoken=f"the year is {year.group()}")
        name = (month.group(1) or month.group(2)) if month else ""
        #: "may" is more often a verb.
        if name and (name != "may" or (month and month.group(1))):
            number = _MONTHS.index(name) + 1
            yield Condition(sql=f"month({quoted(dated.name)}) = {number}", spoken=f"the month is {name.capitalize()}")

    def _best(self, kind: str, but: Sequence[str]) -> Column | None:
        """The column whose name is said most wholly; of several such the one with the longest name."""
        found = [c for c in self.table.columns if c.kind == kind and c.name in self.named and c.name not in but]
        return max(found, key=lambda column: (self.named[column.name], len(_own(column.name))), default=None)

    def _with_ignored(self, found: Question, values: Sequence[str]) -> Question:
        """With the words that it takes no account of: whoever reads the answer must know."""
        left = self.goal
        for pattern in (
            *(p for _, p in _HOW),
            _HIGH,
            _LOW,
            _TREND,
            *(p for _, p in _EVERY),
            _YEAR.pattern,
            _MOST.pattern,
        ):
            left = re.sub(pattern, " ", left)
        used = {word for value in values for word in words(value)} | set(_own(self.table.name)) | _ROWS | set(_MONTHS)
        used |= {word for column in (found.measure, found.group, found.time) if column for word in _own(column.name)}
        left_words = [word for word in dict.fromkeys(words(left)) if word not in used | STOPWORDS | _SPARE]
        signs = set("".join(used)) | _SPARE_SIGNS
        ignored = [word for word in left_words if word.isascii() or not signs & set(word)]
        return replace(found, ignored=tuple(ignored))


#: Words of a question that ask for nothing by themselves.
_SPARE = frozenset(
    (  # noqa: SIM905 - as above
        "there year month day week quarter date time table file data chart plot draw graph value compare write report "
        "make create analyse analyze analysis overview profile anomaly outlier unusual stand out calculate summary"
    ).split()
)


#: Of Chinese, which is compared by pairs of signs, a pair says nothing where one of them is such or was understood.
_SPARE_SIGNS = frozenset("的各共是在中有和与每了吗呢请")


def _fitting(column: Column) -> Every:
    """Months, unless the dates reach over many years or a few weeks only."""
    first, last = column.low, column.high
    if first[:7] == last[:7]:
        return "day"
    years = int(last[:4]) - int(first[:4]) if first[:4].isdecimal() and last[:4].isdecimal() else 0
    return "year" if years > _DECADE else "month"


def _is_said(value: str, goal: str) -> bool:
    """Whether a value stands in the goal as words of its own."""
    if len(value) < 2 or value.isdecimal() or value in STOPWORDS:  # noqa: PLR2004 - a letter stands in every goal
        return False
    return value in goal if not value.isascii() else bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", goal))


def _own(name: str) -> list[str]:
    return words(name.replace("_", " "))


def _share(name: str, said: set[str]) -> float:
    """Which share of the words of a name was said."""
    own = _own(name)
    return sum(word in said for word in own) / len(own) if own else 0.0
