"""What readers ask for, however odd, is understood as the contract says or refused as a problem; nothing else."""

import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import Service
from tests.whatwg import read

pytestmark = pytest.mark.acceptance

MANY = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Log = list[dict[str, Any]]
SSE, NDJSON, JSON = "text/event-stream", "application/x-ndjson", "application/json"
#: How streams answer a reader of whom they cannot go on.
GAP = ["stream.open", "stream.gap", "stream.snapshot", "stream.caught_up", "stream.end"]


@pytest.fixture(scope="module")
def told(wide_service: Service) -> tuple[str, Log]:
    """Where the events of a job that is over are, and its log."""
    job_id = wide_service.submit("awkward")["id"]
    wide_service.wait(job_id)
    return f"{wide_service.url}/v1/jobs/{job_id}/events", wide_service.events(job_id)


def ask(service: Service, url: str, query: dict[str, str], **headers: str) -> httpx.Response:
    """The answer, which is one that somebody foresaw."""
    named = {name.replace("_", "-"): value.encode("latin-1") for name, value in headers.items()}
    answer = service.client.get(url, params=query, headers=named)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer


def envelopes(answer: httpx.Response) -> Log:
    """What a stream or a page told."""
    kind = answer.headers["Content-Type"].partition(";")[0]
    if kind == SSE:
        return [json.loads(data) for _, data, _ in read(answer.content)]
    if kind == NDJSON:
        return [json.loads(line) for line in answer.content.split(b"\n") if line]
    assert kind == JSON
    return list(answer.json()["events"])


def stored(told: Log) -> Log:
    return [envelope for envelope in told if "seq" in envelope]


def types(told: Log) -> list[str]:
    return [envelope["type"] for envelope in told]


# Cursors -------------------------------------------------------------------------------------------------------------

epochs = st.sampled_from(["{own}", "zzzzzz", "{OWN}", "", "k3f", "k3f9k3f9k3f9k", "{own}\n", "ünder"])
seqs = st.integers(-2, 200).map(str) | st.sampled_from(
    ["00", "01", "+1", "1.0", "1e3", "٣", "", "9" * 15, "9" * 16, " 1"]
)
cursors = (
    st.builds("{}-{}".format, epochs, seqs)
    | st.sampled_from(["0", "00", "-0", "latest", "Latest", "snapshot", "null", "undefined", "[object Object]", "*"])
    | st.text(max_size=80)
)


def behind(text: str, log: Log) -> int | None:
    """Where in *log* a reader with that cursor goes on; None where it cannot."""
    epoch, last = log[-1]["id"].split("-")
    found = re.fullmatch(f"{epoch}-(0|[1-9][0-9]*)", text, re.ASCII)
    if text == "0":
        return 0
    return int(found[1]) if found and int(found[1]) <= int(last) else None


def well_formed(text: str) -> bool:
    return re.fullmatch("[a-z0-9]{4,12}-(0|[1-9][0-9]{0,14})", text, re.ASCII) is not None


@MANY
@given(text=cursors.filter(lambda text: text not in {"", "latest"}), kind=st.sampled_from([SSE, NDJSON, JSON]))
def test_any_cursor_is_gone_on_from_or_answered_by_a_gap(
    wide_service: Service, told: tuple[str, Log], text: str, kind: str
) -> None:
    url, log = told
    text = text.replace("{own}", own := log[-1]["id"].partition("-")[0]).replace("{OWN}", own.upper())
    answer, at = ask(wide_service, url, {"after": text, "limit": "1000"}, Accept=kind), behind(text, log)
    if at == len(log) and kind != JSON:
        assert answer.status_code == 204
    elif at is not None:
        assert stored(envelopes(answer)) == log[at:]
        assert "stream.gap" not in types(envelopes(answer))
    elif kind == JSON and not well_formed(text):
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_cursor")
    else:
        assert types(envelopes(answer)) == (GAP[1:3] if kind == JSON else GAP)


@MANY
@given(text=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1, max_size=70))
def test_any_last_event_id_beats_the_query_and_is_gone_on_from_or_answered_by_a_gap(
    wide_service: Service, told: tuple[str, Log], text: str
) -> None:
    url, log = told
    text = text.strip() or "x"
    answer = ask(wide_service, url, {"after": log[3]["id"]}, Last_Event_ID=text)
    expected = len(log) if text == "0" else 0
    assert len(stored(envelopes(answer))) == expected
    assert ("stream.gap" in types(envelopes(answer))) == (text not in {"0", "latest"})


# Filters -------------------------------------------------------------------------------------------------------------

patterns = st.sampled_from(
    ["item", "step.*", "job.started", "*", "log", "stream.*", "nothing", "output.*", "", " log "]
)
oddities = st.sampled_from(
    ["Step.*", "**", "s*p", "a" * 42, ".", "*.*", "1", "a\nb", "ü", "step.*;drop", "\0"]
) | st.text(max_size=8)


def understood(name: str) -> bool:
    return re.fullmatch(r"\*|[a-z][a-z_.]{0,39}\*?", name, re.ASCII) is not None


@MANY
@given(names=st.lists(patterns | oddities, max_size=4) | st.lists(patterns, min_size=30, max_size=40))
def test_any_filter_passes_what_it_names_or_is_refused(
    wide_service: Service, told: tuple[str, Log], names: list[str]
) -> None:
    url, log = told
    asked = {name.strip() for name in ",".join(names).split(",")} - {""}
    answer = ask(wide_service, url, {"after": "0", "types": ",".join(names)})
    if not all(map(understood, asked)):
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_query")
        return
    wanted = [
        event
        for event in log
        if not asked or event is log[-1] or any(_names(pattern, event["type"]) for pattern in asked)
    ]
    first, *rest = envelopes(answer)
    assert first["data"]["filters"]["types"] == sorted(asked)
    assert stored(rest) == wanted
    assert types(rest)[-2:] == ["stream.caught_up", "stream.end"]


def _names(pattern: str, kind: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


numbers = st.integers(-1, 70_000).map(str) | st.sampled_from(
    ["", " ", "1.5", "1e3", "0x10", "+5", "٣", "nan", "9" * 30]
)


@MANY
@given(text=numbers | st.text(max_size=10))
def test_any_interval_is_kept_to_or_refused(wide_service: Service, told: tuple[str, Log], text: str) -> None:
    url, log = told
    answer = ask(wide_service, url, {"after": "0", "min_interval": text})
    if re.fullmatch("[0-9]+", text, re.ASCII) and int(text) <= 60_000:
        ends = [event for event in stored(envelopes(answer)) if event["type"].startswith(("item", "job."))]
        assert ends == [event for event in log if event["type"].startswith(("item", "job."))]
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_query")


# What is accepted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", SSE),
        ("text/*", SSE),
        ("text/event-stream", SSE),
        ("TEXT/Event-Stream; charset=utf-8", SSE),
        ("text/html, application/xhtml+xml, */*;q=0.8", SSE),
        ("application/x-ndjson", NDJSON),
        ("application/json", JSON),
        ("application/json;q=0.9, application/x-ndjson;q=0.1", JSON),
        ("application/json;q=0.1, text/event-stream", SSE),
        ("application/json, */*;q=0", JSON),
        ("text/event-stream;q=0", None),
        ("text/html", None),
        ("image/*", None),
        ("*", SSE),
        ("", SSE),
        (",", SSE),
    ],
)  # fmt: skip
def test_the_transport_is_what_the_reader_accepts_most(
    wide_service: Service, told: tuple[str, Log], accept: str, kind: str | None
) -> None:
    answer = ask(wide_service, told[0], {"after": "0", "limit": "1000"}, Accept=accept)
    if kind is None:
        assert (answer.status_code, answer.headers["Vary"]) == (406, "Accept")
    else:
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert stored(envelopes(answer)) == told[1]


words = st.sampled_from(
    ["text", "event-stream", "application", "json", "x-ndjson", "*", "/", ";", "q=", "0.5", ",", " ", '"', "=", "1e9"]
)


@MANY
@given(
    accept=st.lists(words, max_size=12).map("".join)
    | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]))
)
def test_any_accept_is_answered_by_a_transport_or_refused(
    wide_service: Service, told: tuple[str, Log], accept: str
) -> None:
    answer = ask(wide_service, told[0], {"after": "0", "limit": "1000"}, Accept=accept.strip())
    if answer.status_code != 406:
        assert stored(envelopes(answer)) == told[1]


@MANY
@given(
    query=st.dictionaries(
        st.sampled_from(["after", "limit", "wait", "types", "min_interval", "names", "compress", "token", "x"]),
        st.text(max_size=12) | numbers | st.sampled_from(["gzip", "0", "latest"]),
        max_size=5,
    ).filter(lambda query: not query.get("wait", "0").strip("0")),
    kind=st.sampled_from([SSE, NDJSON, JSON]),
)
def test_any_query_is_answered_whole_or_refused(
    wide_service: Service, told: tuple[str, Log], query: dict[str, str], kind: str
) -> None:
    answer = ask(wide_service, told[0], query, Accept=kind)
    assert answer.status_code in {200, 204, 400}
    if answer.status_code == 200:
        seqs = [event["seq"] for event in stored(envelopes(answer))]
        assert seqs == sorted(set(seqs))
        assert kind == JSON or types(envelopes(answer))[-1] == "stream.end"
