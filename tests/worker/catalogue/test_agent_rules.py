"""Rules instead of a model: which questions they recognise, and that they say what they leave out."""

import pytest

from worker.catalogue.agent.inventory import Column, Inventory, Table
from worker.catalogue.agent.recognise import questions
from worker.catalogue.agent.rules import planned
from worker.catalogue.agent.story import Story

FLIGHTS = Table(
    name="flights_2013", file="flights-2013.csv", upload="0" * 26, rows=1095,
    columns=[
        Column(name="date", kind="date", type="DATE", low="2013-01-01", high="2013-12-31"),
        Column(name="airport", kind="text", type="VARCHAR", values=["EWR", "JFK", "LGA"]),
        Column(name="flights", kind="number", type="BIGINT", low="100", high="400"),
        Column(name="departure_delay", kind="number", type="DOUBLE", low="-3", high="97"),
        Column(name="late_departures", kind="number", type="BIGINT", low="0", high="200"),
        Column(name="temperature", kind="number", type="DOUBLE", low="12", high="91"),
    ],
)  # fmt: skip

RANKED = "GROUP BY 1 ORDER BY 2"
BY, DATED = "SELECT date_trunc('{0}', date)::DATE AS {0}, ", "IS NOT NULL ORDER BY 1"


def asked(goal: str) -> str:
    """The SELECT that a goal comes to, short; nothing where it is none."""
    found = questions(goal, [FLIGHTS])
    return found[0].sql().replace('"', "").replace(" FROM flights_2013", "") if found else ""


@pytest.mark.parametrize(
    ("goal", "select"),
    [
        ("How many flights were there?", "SELECT sum(flights) AS total flights"),
        ("how many rows are in the table", "SELECT count(*) AS rows"),
        ("Total flights from EWR", "SELECT sum(flights) AS total flights WHERE airport = 'EWR'"),
        (
            "What is the average departure delay in March?",
            "SELECT avg(departure_delay) AS mean departure_delay WHERE month(date) = 3",
        ),
        (
            "What was the highest temperature in 2013?",
            "SELECT max(temperature) AS highest temperature WHERE year(date) = 2013",
        ),
        ("lowest temperature at JFK", "SELECT min(temperature) AS lowest temperature WHERE airport = 'JFK'"),
        (
            "Which airport has the highest mean departure delay?",
            f"SELECT airport, avg(departure_delay) AS mean departure_delay {RANKED} DESC NULLS LAST, 1 LIMIT 10",
        ),
        (
            "top 2 airports by flights",
            f"SELECT airport, sum(flights) AS total flights {RANKED} DESC NULLS LAST, 1 LIMIT 2",
        ),
        (
            "Which airport had the fewest late departures?",
            f"SELECT airport, sum(late_departures) AS total late_departures {RANKED} ASC NULLS LAST, 1 LIMIT 10",
        ),
        (
            "How did departure delay change over time?",
            f"{BY.format('month')}avg(departure_delay) AS mean departure_delay GROUP BY 1 HAVING month {DATED}",
        ),
        (
            "flights per week at LGA",
            f"{BY.format('week')}sum(flights) AS total flights WHERE airport = 'LGA' GROUP BY 1 HAVING week {DATED}",
        ),
        ("How many people live in Paris?", ""),
        ("What does the contract say about notice?", ""),
        ("flights", ""),
    ],
)
def test_a_goal_is_taken_for_the_question_that_it_is(goal: str, select: str) -> None:
    assert asked(goal) == select


def test_what_a_figure_takes_no_account_of_is_known() -> None:
    (found,) = questions("total flights on weekends to Boston", [FLIGHTS])
    assert found.ignored == ("weekend", "boston")
    (whole,) = questions("What is the total of flights at EWR in March 2013?", [FLIGHTS])
    assert whole.ignored == ()


def test_quotes_in_names_and_values_stay_names_and_values() -> None:
    odd = Table(
        name="t", file="t.csv", upload="0" * 26, rows=1,
        columns=[
            Column(name='pri"ce', kind="number", type="DOUBLE"),
            Column(name="owner", kind="text", type="VARCHAR", values=["o'neil"]),
        ],
    )  # fmt: skip
    (found,) = questions("total pri ce of o'neil", [odd])
    assert found.sql() == """SELECT sum("pri""ce") AS "total pri""ce" FROM "t" WHERE "owner" = 'o''neil'"""


def tools(goal: str) -> list[str]:
    return [call.tool for call in planned(Story(goal=goal, inventory=Inventory(tables=[FLIGHTS])))]


def test_a_ranking_and_a_course_are_drawn_and_a_single_figure_is_not() -> None:
    assert tools("flights by month") == ["sql", "chart"]
    assert tools("Which airport has the most flights?") == ["sql", "chart"]
    assert tools("How many flights?") == ["sql"]


def test_a_whole_analysis_is_a_report_and_a_sum_is_calculated() -> None:
    assert tools("Write a report on this") == ["report"]
    assert tools("what is 1,200 * (3 + 4)?") == ["calculate"]
    assert tools("see pages 12-15 of 2013-01-02") == []


def test_a_question_in_chinese_is_recognised_too() -> None:
    sales = Table(
        name="s", file="s.csv", upload="0" * 26, rows=2,
        columns=[
            Column(name="城市", kind="text", type="VARCHAR", values=["北京", "上海"]),
            Column(name="销售额", kind="number", type="BIGINT"),
        ],
    )  # fmt: skip
    (found,) = questions("各城市的销售额总共多少", [sales])
    assert (found.how, found.measure, found.group, found.ignored) == ("sum", sales.columns[1], sales.columns[0], ())
