"""What a relay has done since it began, and a line in the log for each stream that has ended."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from app.relay.subscriber import Subscriber

log = logging.getLogger("tailrace.stream")


@dataclass
class Tally:
    opened: int = 0
    closed: int = 0
    events: int = 0
    #: Events, times those who listened when they came.
    offered: int = 0
    bytes: int = 0
    acknowledgements: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    #: Streams that were not opened, by why.
    refused: Counter[str] = field(default_factory=Counter)

    def note(self, subscriber: Subscriber, reason: str) -> None:
        """*subscriber* is gone."""
        self.closed += 1
        self.bytes += subscriber.sent
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        reading, seconds = subscriber.reading, monotonic() - subscriber.opened
        number, how_far = 200, ""
        if subscriber.hearing is not None:
            number, last = 101, subscriber.hearing.acknowledged
            how_far = "" if last is None else f", acknowledged {last}"
        line = '%s "GET %s" %d %d %.3fs %s%s'
        path = reading.path.replace("<job_id>", reading.job_id)
        log.info(line, reading.peer, path, number, subscriber.sent, seconds, reason, how_far)
