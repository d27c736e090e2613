"""Many jobs over one stream: what is told of them, and from where on."""

from typing import Any

import msgspec
import pytest

from app.relay.choice import MANY, Choice
from app.relay.hub import Relay
from app.relay.lens import Lens
from app.relay.reader import Reader
from jobs import events as ev
from jobs.eventlog import Cursor
from jobs.files import new_id
from jobs.redis_log import RedisLog
from jobs.wiring import Parts
from jobs.writer import Writer
from tests.app.relay.conftest import Client, begin, finish, until, work
from tests.app.relay.many import begun, end, envelopes, opened, reader, seqs, shown

LINE = ev.LogWritten(level="info", message="x")


# What is told, and when it ends ----------------------------------------------------------------------------------


def test_named_jobs_are_told_as_they_are_then_live_to_the_last_of_their_ends(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 3)
    other = begin(parts)
    for writer in writers:
        work(writer, 2, end=False)
    at = {writer.job_id: writer.job.seq for writer in writers}
    client = reader(relay, jobs=at)
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    for writer in (*writers, other):
        work(writer, 5, pause=0.001)
    finish(following)

    assert {job_id: job["cursor"] for job_id, job in shown(client).items()}.keys() == at.keys()
    for writer in writers:
        assert seqs(client, writer.job_id) == list(range(at[writer.job_id] + 1, writer.job.seq + 1))
    assert seqs(client, other.job_id) == []
    assert client.data("stream.end") == {"reason": "terminal"}
    assert client.frames[-1]["event"] == "stream.end"
    assert client.last_id is not None
    assert Cursor.parse(client.last_id).seq >= max(reach.number for reach in parts.log.feed.reach(list(at)) if reach)


def test_a_job_that_begins_later_joins_by_itself(relay: Relay, parts: Parts) -> None:
    client = reader(relay, labels={("team", "a")})
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    ours, theirs = new_id(), new_id()
    parts.lifecycle.submit(ours, ev.Request(type="hello", params={"n": 1}, labels={"team": "a", "x": "y"}))
    parts.lifecycle.submit(theirs, ev.Request(type="hello", params={}, labels={"team": "b"}))
    parts.lifecycle.cancel(theirs)
    parts.lifecycle.cancel(ours)
    until(lambda: len(seqs(client, ours)) == 2)
    following.kill()

    told = [each for each in envelopes(client) if each["job"] is not None]
    assert [each["type"] for each in told] == ["job.queued", "job.cancelled"]
    assert told[0]["data"]["request"]["params"] == {"n": 1}
    assert "stream.end" not in client.types


@pytest.mark.parametrize("choice", [{}, {"types": ["hello"]}, {"labels": [("of", "us")]}])
def test_whoever_names_no_job_is_told_of_the_unfinished_ones_in_short(
    relay: Relay, parts: Parts, choice: dict[str, Any]
) -> None:
    ids = [new_id() for _ in range(4)]
    for job_id in ids:
        parts.lifecycle.submit(job_id, ev.Request(type="hello", params={}, labels={"of": "us"}))
    parts.lifecycle.submit(new_id(), ev.Request(type="hello", params={}, labels={"of": "them"}))
    parts.lifecycle.cancel(ids[1])
    client = opened(reader(relay, **choice))

    found = [job_id for job_id in shown(client) if job_id in ids]
    assert found == [ids[0], ids[2], ids[3]]
    assert {"id", "type", "state", "labels", "progress", "links"} <= shown(client)[ids[0]].keys()
    assert "token" not in shown(client)[ids[0]]["links"]["events"]


def test_the_envelope_is_the_jobs_own_with_the_cursor_to_resume_by(relay: Relay, parts: Parts) -> None:
    writer = begin(parts)
    client = reader(relay, "0", cut=4)
    client.run()
    [started] = [frame for frame in client.frames if frame.get("event") == "job.started"]
    envelope = msgspec.json.decode(started["data"])
    [stored] = parts.log.read(writer.job_id, 1).entries

    assert envelope.pop("cursor") == started["id"]
    assert envelope == msgspec.json.decode(stored.envelope)
    assert msgspec.json.decode(client.frames[0]["data"])["job"] is None
    assert client.data("stream.open")["filters"] == {
        "types": [], "min_interval_ms": 0, "jobs": [], "type": [], "label": []
    }  # fmt: skip


def test_a_type_filter_holds_for_all_jobs_and_lets_ends_pass(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 2)
    lens = Lens(types=("log",), choice=Choice(jobs=frozenset(writer.job_id for writer in writers)))
    client = Client(relay, MANY, "0", lens=lens)
    for writer in writers:
        writer.write([LINE, ev.ItemFinished(key="k", state="ok"), ev.JobSucceeded()])
    client.run()

    for writer in writers:
        assert seqs(client, writer.job_id) == [3, 5]


def test_jobs_that_are_all_gone_end_the_stream(relay: Relay) -> None:
    client = reader(relay, jobs=[new_id(), new_id()]).run()

    assert client.data("stream.end") == {"reason": "gone"}


def test_a_job_that_had_ended_before_anybody_asked_is_told_and_ends_the_stream(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 2)
    for writer in writers:
        end(writer)
    client = reader(relay, jobs=[writer.job_id for writer in writers]).run()

    assert {job["state"] for job in shown(client).values()} == {"succeeded"}
    assert client.types[-2:] == ["stream.caught_up", "stream.end"]
    assert seqs(client, writers[0].job_id) == []


# Snapshots and what comes after them -----------------------------------------------------------------------------


def test_nothing_carries_an_id_before_all_jobs_are_told(relay: Relay, parts: Parts) -> None:
    writers = begun(parts, 5)
    client = opened(reader(relay, jobs=[writer.job_id for writer in writers]))
    caught_up = client.types.index("stream.caught_up")

    assert not any("id" in frame for frame in client.frames[:caught_up])
    assert "id" in client.frames[caught_up]


def test_what_a_snapshot_holds_is_not_told_again(relay: Relay, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events fall between the moment at which the feed was looked at and that at which a job was."""
    writer, other = begun(parts, 2)
    original = Reader.card

    def late(self: Reader, job: Any, since: float) -> Any:
        for each in (writer, other):
            each.write([LINE] * 3)
        found = original(self, job, since)
        for each in (writer, other):
            each.write([LINE] * 2)
        return found

    monkeypatch.setattr(Reader, "card", late)
    client = reader(relay, jobs=[writer.job_id, other.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    for each in (writer, other):
        end(each)
    finish(following)

    for each in (writer, other):
        at = int(shown(client)[each.job_id]["cursor"].partition("-")[2])
        assert seqs(client, each.job_id) == list(range(at + 1, each.job.seq + 1))


def test_what_a_snapshot_holds_and_its_writer_has_yet_to_tell_the_feed_is_not_told_again(
    relay: Relay, parts: Parts
) -> None:
    writer = begin(parts)
    tailless = RedisLog(parts.client, retention_seconds=60, max_events=1000)
    held = Writer(tailless, writer.job_id, parts.clock, job=writer.job, run=writer.job.run)
    held.write([LINE] * 3)
    client = reader(relay, jobs=[writer.job_id])
    following = client.start()
    until(lambda: "stream.caught_up" in client.types)
    held.write([LINE])
    end(Writer(parts.log, writer.job_id, parts.clock))
    finish(following)

    assert seqs(client, writer.job_id) == [6, 7]
