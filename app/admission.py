"""Whether one more stream may be opened: the process, each job and each client have so many at most."""

from typing import Final

from werkzeug.wrappers import Request

from app.relay.census import client_of, is_loopback
from app.relay.hub import Relay
from app.relay.rate import TURNING_AWAY
from jobs.settings import Settings

#: Why one is not, as clients are told and as it is counted.
LOAD: Final = "load"
PROCESS: Final = "process"
JOB: Final = "job"
CLIENT: Final = "client"


class Admission:
    """Pages of JSON are not streams: whoever is turned away here can still poll."""

    def __init__(self, relay: Relay, settings: Settings) -> None:
        self._relay, self._settings = relay, settings

    def refused(self, job_id: str | None, request: Request) -> str | None:
        """Why *request* gets no stream of *job_id* (None: of many jobs) now; None where it does."""
        why = self._why(job_id, request)
        if why is not None:
            self._relay.tally.refused[why] += 1
        return why

    def _why(self, job_id: str | None, request: Request) -> str | None:
        relay, most = self._relay, self._settings
        if relay.live.level >= TURNING_AWAY:
            return LOAD
        if len(relay) >= most.max_streams:
            return PROCESS
        if job_id is not None and relay.rooms.crowd(job_id) >= most.max_streams_per_job:
            return JOB
        peer = request.remote_addr or ""
        if not self._own(peer, request) and relay.census.clients[client_of(peer)] >= most.max_streams_per_client:
            return CLIENT
        return None

    def _own(self, peer: str, request: Request) -> bool:
        """Whether it comes from this machine itself; a proxy that we trust speaks for others, wherever it runs."""
        forwarded = self._settings.proxies > 0 and "X-Forwarded-For" in request.headers
        return is_loopback(peer) and not forwarded
