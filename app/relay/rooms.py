"""The rooms of a web process: each opened, with its subscription, by the first who comes and shut after the last."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.event import Event

from app.relay.choice import MANY
from app.relay.feed import Feed
from app.relay.lobby import Lobby
from app.relay.room import Register, Room
from jobs import keys
from jobs.errors import LogUnavailable

#: Seconds that a channel's confirmation may take before Redis counts as away.
CONFIRM = 5.0


class Rooms:
    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._open: dict[bytes, Room] = {}
        #: The room that a channel belongs to, if anybody listens: at(channel).
        self.at = self._open.get
        self.register = Register()
        #: Those that were opened for a look, and that nobody may have entered.
        self._visited: list[Room] = []

    def all(self) -> list[Room]:
        return list(self._open.values())

    def channels(self) -> list[bytes]:
        return list(self._open)

    def crowd(self, job_id: str) -> int:
        """Streams that read the job here."""
        room = self.at(keys.log(job_id).encode())
        return 0 if room is None else room.crowd

    def holds(self, room: Room) -> bool:
        """Whether anybody still listens in *room*."""
        return self._open.get(room.channel) is room

    def open(self, job_id: str) -> Room:
        """The room of the job, or of all of them (MANY); whoever opens one comes in, or shuts it."""
        channel = (keys.FEED if job_id == MANY else keys.log(job_id)).encode()
        room = self._open.get(channel)
        if room is None:
            room = Lobby(self.register, channel) if job_id == MANY else Room(job_id, self.register, channel)
            self._open[channel] = room
            self._feed.subscribe(channel)
        return room

    def shut(self, room: Room) -> None:
        """Nobody may be left in *room*: then its subscription ends too."""
        if room.empty and self.holds(room):
            del self._open[room.channel]
            self.register.strike(room)
            self._feed.unsubscribe(room.channel)

    def visit(self, job_id: str) -> Room:
        """As :meth:`open`, for a while: until :meth:`go` it is open whoever else comes and goes."""
        room = self.open(job_id)
        room.visitors += 1
        return room

    def go(self, room: Room) -> None:
        """The visitor is gone, and may be back as a stream in a moment: the room is shut at the next turn if not."""
        room.visitors -= 1
        if room.empty:
            self._visited.append(room)

    def tidy(self) -> None:
        """Shuts the rooms that were only visited."""
        visited, self._visited = self._visited, []
        for room in visited:
            self.shut(room)

    def ring(self) -> None:
        """Wakes all who wait for a page."""
        for room in self.all():
            room.ring()

    @contextmanager
    def listen(self, job_id: str) -> Iterator[Event]:
        """A bell that rings whenever something was appended to the job's log; LogUnavailable while Redis is away."""
        room, bell = self.open(job_id), Event()
        room.hang(bell)
        try:
            if not room.ready.wait(CONFIRM):
                raise LogUnavailable(why="no confirmation")
            yield bell
        finally:
            room.take_down(bell)
            self.shut(room)
