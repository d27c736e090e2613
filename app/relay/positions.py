"""Where watched jobs stand in their queue: told to those who watch, once a second at most, and never stored."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gevent

from app.relay.room import Room
from jobs.errors import LogUnavailable

if TYPE_CHECKING:
    from app.relay.hub import Relay

#: Seconds between two looks.
EVERY = 1.0
#: Jobs in one look; of more that are watched and wait each has its turn, those that somebody has just joined first.
LOOK = 500

#: Gives the places of jobs of one queue, asked for as job id → job type.
Places = Callable[[str, Mapping[str, str]], Sequence[dict[str, Any]]]


class Positions:
    def __init__(self, relay: "Relay", places: Places) -> None:
        self._relay, self._places = relay, places
        self._asking, self._due, self._next = False, 0.0, 0

    def turn(self, now: float) -> None:
        """Looks, where a look is due, in a greenlet of its own: a Redis that hesitates must hold up no heartbeat."""
        if self._asking or now < self._due:
            return
        self._due = now + EVERY
        rooms = self._chosen()
        if rooms:
            self._asking = True
            gevent.spawn(self._look, rooms)

    def _chosen(self) -> list[Room]:
        waiting = [room for room in self._relay.rooms.register.waiting if room.live]
        fresh = [room for room in waiting if room.fresh][:LOOK]
        begin = self._next if self._next < len(waiting) else 0
        others = waiting[begin : begin + LOOK - len(fresh)]
        self._next = begin + len(others)
        return list(dict.fromkeys([*fresh, *others]))

    def _look(self, rooms: Sequence[Room]) -> None:
        queues: dict[str, list[Room]] = defaultdict(list)
        for room in rooms:
            queues[room.queue].append(room)
        try:
            for queue, members in queues.items():
                places = self._places(queue, {room.job_id: room.kind for room in members})
                for room, place in zip(members, places, strict=True):
                    self._tell(room, place)
        except LogUnavailable:
            pass  # the next look asks again
        finally:
            self._asking = False

    def _tell(self, room: Room, place: dict[str, Any]) -> None:
        #: A job without a place has most likely just been taken, and the event that says so is on its way.
        left, room.left = room.left, place["position"] is None
        if not room.waits or (room.left and not left):
            return
        if room.fresh or place != room.told:
            room.fresh, room.told = False, place
            self._relay.live.tell(room, "stream.position", place)
