"""The oracle of the measurements finds what it is there to find."""

import json
from typing import Any

import pytest

from bench.told import Frame, Told, frame_of


def frame(kind: str, seq: int | None = None, since: int | None = None, **data: Any) -> Frame:
    envelope = {"id": f"aaaa-{seq}", "type": kind, "seq": seq, "from": since, "data": data}
    return frame_of(f"id: aaaa-{seq}\nevent: {kind}\ndata: {json.dumps(envelope)}".encode())


def text(seq: int, offset: int, words: str, since: int | None = None) -> Frame:
    return frame("output.delta", seq, since, name="o", offset=offset, text=words)


def snapshot(seq: int, length: int = 0) -> Frame:
    job = {"outputs": {"o": {"length": length}}}
    envelope = {"id": f"aaaa-{seq}", "type": "stream.snapshot", "data": {"job": job}}
    return frame_of(f"id: aaaa-{seq}\ndata: {json.dumps(envelope)}".encode())


LOG = [
    {"seq": 1, "type": "item"},
    {"seq": 2, "type": "metric"},
    {"seq": 3, "type": "metric"},
    {"seq": 4, "type": "item"},
]
ITEM, LAST = frame("item", 1), frame("item", 4)


@pytest.mark.parametrize(
    "frames",
    [
        [ITEM, frame("metric", 2), frame("metric", 3), LAST],
        [ITEM, frame("metric", 3, since=2), LAST],
        [ITEM, text(2, 0, "ab"), text(3, 2, "c"), LAST],
        [ITEM, frame("stream.gap", reason="epoch"), snapshot(3, 7), LAST],
    ],
)
def test_what_is_whole_is_found_whole(frames: list[Frame]) -> None:
    assert judged(frames) == []


@pytest.mark.parametrize(
    ("frames", "fault"),
    [
        ([ITEM, frame("metric", 3), LAST], "metric 3–3 came where 2 was due"),
        ([ITEM, frame("metric", 2), frame("metric", 2), frame("metric", 3), LAST], "metric 2–2 came where 3 was due"),
        ([frame("metric", 3, since=1), LAST], "saw 1 of 2 events that are never merged"),
        ([ITEM, frame("metric", 2), frame("metric", 3)], "ended at 3"),
        ([ITEM, text(2, 0, "ab"), text(3, 3, "c"), LAST], "text of o at 3, 2 characters were known"),
        ([ITEM, frame("stream.gap", reason="epoch"), frame("metric", 3), LAST], "without a snapshot"),
        ([ITEM, snapshot(3), LAST], "a snapshot that nobody asked for"),
        ([ITEM, frame("stream.end", reason="terminal"), frame("metric", 3, since=2), LAST], "(terminal)"),
    ],
)
def test_what_is_not_whole_is_found(frames: list[Frame], fault: str) -> None:
    assert any(fault in found for found in judged(frames))


def judged(frames: list[Frame]) -> list[str]:
    told = Told()
    for each in frames:
        told.take(each)
    return told.judge(LOG)
