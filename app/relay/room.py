"""A topic with those who listen to it."""

from gevent.event import Event

from app.relay.lens import Lens
from app.relay.subscriber import Subscriber
from app.relay.topic import Topic
from jobs import keys


class Room(Topic):
    """One job, as one web process carries it; its subscription in Redis lives as long as this does."""

    __slots__ = ("channel", "filling", "joining", "live", "ready")

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.channel = keys.log(job_id).encode()
        self.ready = Event()
        #: Subscribers that are up to date, by lens: what is encoded once serves them all.
        self.live: dict[Lens, set[Subscriber]] = {}
        self.joining: set[Subscriber] = set()
        self.filling = False
