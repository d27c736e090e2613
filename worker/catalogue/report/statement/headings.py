"""Headers that name a period: `2023`, `FY2023`, `2023Q1`, `2023年第1季度`, `2023-12-31`, `2023年报`, `Dec 2023`."""

import re
from dataclasses import dataclass
from datetime import date
from unicodedata import normalize

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_AROUND = r"(?:as (?:of|at)|(?:for the )?(?:year|period|quarter|months?) end(?:ed|ing)|截至|截止)?"
_NUMBERS = {"一": 1, "二": 2, "三": 3, "四": 4}
#: Unit → how such a period is written; the first that fits counts.
_FORMS = (
    ("year", rf"(?:fy|cy|year)? ?'?{_YEAR}(?: ?年(?:度|报|末|全年)?| ?(?:a|e|f|annual|fy))?(?:\.0)?"),
    ("quarter", rf"{_YEAR} ?[-/年]? ?q(?P<quarter>[1-4])|q(?P<quarter2>[1-4]) ?[-/]? ?(?P<year2>(?:19|20)\d\d)"),
    ("quarter", rf"{_YEAR} ?年? ?(?:第)?(?P<word>[一二三四1-4])季(?:度|报)?"),
    (
        "half",
        rf"{_YEAR} ?[-/年]? ?(?:h(?P<half>[12])|(?P<side>上|下)半年|半年报)|{_YEAR.replace('year', 'year3')} ?中报",
    ),
    ("month", rf"{_YEAR} ?[-/.年] ?(?P<month>\d{{1,2}}) ?(?:月(?:份)?)?"),
    ("month", rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?[ -]{_YEAR}"),
    ("day", rf"{_AROUND} ?{_YEAR} ?[-/.年] ?(?P<month>\d{{1,2}}) ?[-/.月] ?(?P<day>\d{{1,2}}) ?日?(?: 00:00:00)?"),
    ("day", rf"{_AROUND} ?(?P<day>\d{{1,2}}) (?P<name>{'|'.join(_MONTHS)})[a-z]*\.?,? {_YEAR}"),
    ("day", rf"{_AROUND} ?(?P<name>{'|'.join(_MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}}),? {_YEAR}"),
)
_PATTERNS = tuple((unit, re.compile(form)) for unit, form in _FORMS)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Heading:
    """A period that a column of a statement is for."""

    start: date
    unit: str
    #: As the file writes it.
    label: str

    @property
    def iso(self) -> str:
        """Written so that a column of them is read as dates."""
        return self.start.isoformat()


def heading_of(name: str) -> Heading | None:
    """The period that a column's name stands for, or None."""
    text = " ".join(normalize("NFKC", name).lower().split())
    for unit, pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            return _heading(unit, match.groupdict(), name)
    return None


def _heading(unit: str, parts: dict[str, str | None], label: str) -> Heading | None:
    year = int(parts.get("year") or parts.get("year2") or parts.get("year3") or 0)
    quarter = parts.get("quarter") or parts.get("quarter2") or parts.get("word") or "1"
    month = int(parts.get("month") or 1)
    if unit == "quarter":
        month = _NUMBERS.get(quarter, 0) * 3 - 2 if quarter in _NUMBERS else int(quarter) * 3 - 2
    elif unit == "half":
        month = 7 if parts.get("half") == "2" or parts.get("side") == "下" else 1
    elif word := parts.get("name"):
        month = _MONTHS.index(word[:3]) + 1
    try:
        start = date(year, month, int(parts.get("day") or 1))
    except ValueError:
        return None
    ends_year = unit == "day" and (start.month, start.day) == (12, 31)
    return Heading(start=date(year, 1, 1) if ends_year else start, unit="year" if ends_year else unit, label=label)
