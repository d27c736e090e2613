"""What a request wants of events is read from it alone, however alike it is to one before it."""

import pytest
from flask import Flask

from app.problems import Problem
from app.wants import cursor_text, lens_of, transport_of

PATH = "/v1/jobs/x/events"


def wanted(query: str = "", **headers: str) -> tuple[str, str | None, tuple[str, ...], bool]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with Flask("test").test_request_context(f"{PATH}?{query}", headers=named):
        transport = transport_of()
        lens = lens_of(transport)
        return transport, cursor_text(), lens.types, lens.gzip


def test_each_request_is_read_by_itself() -> None:
    zipped = {"Accept_Encoding": "gzip"}
    for _ in range(2):
        assert wanted() == ("sse", None, (), False)
        assert wanted("after=latest&types=item") == ("sse", "latest", ("item",), False)
        assert wanted("after=latest&types=item", Accept="application/x-ndjson") == (
            "ndjson",
            "latest",
            ("item",),
            False,
        )
        assert wanted("after=latest", Last_Event_ID="k3f9-17") == ("sse", "k3f9-17", (), False)
        assert wanted("compress=gzip", **zipped) == ("sse", None, (), True)
        assert wanted("compress=gzip") == ("sse", None, (), False)
        assert wanted("compress=gzip", Accept="application/json", **zipped) == ("json", None, (), False)


@pytest.mark.parametrize(("query", "accept"), [("min_interval=x", "*/*"), ("types=!", "*/*"), ("", "image/png")])
def test_what_is_refused_is_refused_each_time(query: str, accept: str) -> None:
    for _ in range(2):
        with pytest.raises(Problem):
            wanted(query, Accept=accept)
