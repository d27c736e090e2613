"""Where a stream cannot go on from where its reader stands, it says so and goes on from a snapshot."""

import pytest

from app.relay.hub import Relay
from jobs import events as ev
from jobs import keys
from jobs.eventlog import Cursor
from jobs.wiring import Parts
from tests.app.relay.conftest import Client, begin, finish, until, whole, work


def test_a_log_that_went_on_in_another_epoch_is_told_as_a_gap(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    work(writer, 3, end=False)
    names = [keys.head(writer.job_id), keys.log(writer.job_id)]
    backup = [parts.client.dump(name) for name in names]
    client = Client(relay, writer.job_id)
    greenlet = client.start()
    until(lambda: "stream.caught_up" in client.types)
    work(writer, 2, end=False)
    lost = writer.job.cursor
    until(lambda: client.seqs[-1] == lost.seq)
    for name, dump in zip(names, backup, strict=True):
        parts.client.restore(name, 0, dump, replace=True)
    writer.write([ev.JobSucceeded(result=1)])
    finish(greenlet)
    assert writer.job.epoch != lost.epoch
    assert client.data("stream.gap")["reason"] == "epoch"
    assert client.data("stream.snapshot")["job"]["state"] == "succeeded"
    assert client.types[-1] == "stream.end"


def test_a_log_of_two_epochs_is_read_whole_from_its_beginning_and_disturbs_nobody(parts: Parts, relay: Relay) -> None:
    """Nothing is missing from it: no gap for who reads it, no new beginning for who is live."""
    writer = begin(parts)
    work(writer, 90, end=False)
    writer._epoch = "0newer"
    work(writer, 90, end=False)
    live = Client(relay, writer.job_id, after="latest")
    greenlet = live.start()
    until(lambda: "stream.caught_up" in live.types)
    room = relay.rooms.all()[0]
    replay = Client(relay, writer.job_id)
    replaying = replay.start()
    until(lambda: "stream.caught_up" in replay.types)
    assert (room.last, [len(audience.listeners) for audience in room.live.values()]) == (writer.job.cursor, [2])
    work(writer, 1)
    finish(greenlet, replaying)

    assert replay.seqs == whole(writer)
    assert "stream.gap" not in replay.types


def test_a_cursor_older_than_the_log_is_told_as_a_gap(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    work(writer, 20)
    parts.client.xtrim(keys.log(writer.job_id), maxlen=5, approximate=False)
    oldest = writer.job.seq - 4
    client = Client(relay, writer.job_id, after=Cursor(writer.job.epoch, 3)).run()
    assert client.data("stream.gap") == {"from": 4, "to": oldest - 1, "reason": "retention"}
    assert client.types[-1] == "stream.end"


def test_a_stream_that_cannot_be_brought_up_to_date_is_closed_not_left_silent(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = begin(parts)
    work(writer, 2, end=False)
    with monkeypatch.context() as broken:
        broken.setattr(relay.reader, "page", lambda *_args, **_more: 1 / 0)
        client = Client(relay, writer.job_id).run()
        assert client.types == []
    assert (len(relay), relay.rooms.all(), relay.tally.reasons) == (0, [], {"failed": 1})


def test_a_cursor_of_garbage_is_told_as_a_gap(parts: Parts, relay: Relay) -> None:
    writer = begin(parts)
    work(writer, 2)
    client = Client(relay, writer.job_id, after=None).run()
    assert client.types == ["stream.open", "stream.gap", "stream.snapshot", "stream.caught_up", "stream.end"]


@pytest.mark.parametrize("after", ["latest", "0", "snapshot"])
def test_a_job_that_had_ended_before_anybody_came_ends_the_streams_of_all_who_come(
    parts: Parts, relay: Relay, after: str
) -> None:
    writer = begin(parts)
    work(writer, 2)
    clients = [Client(relay, writer.job_id, after=after) for _ in range(5)]
    finish(*[client.start() for client in clients])
    assert {client.types[-1] for client in clients} == {"stream.end"}
