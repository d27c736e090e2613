"""Where the socket cannot be taken, as under Flask's own client, there is no WebSocket, and the caller is told."""

from collections.abc import Iterator

import pytest

from app.events import Streams
from app.factory import create_app
from app.many import Many
from app.sockets import Sockets, blueprint
from app.view import View
from tests.app.conftest import Web, problem
from tests.app.relay.conftest import PACE, relay_of
from tests.sockets import HEAD


@pytest.fixture
def with_sockets(web: Web) -> Iterator[Web]:
    relay, view = relay_of(web.parts, PACE), View.of(web.parts)
    streams = Streams(web.parts, relay)
    many = Many(web.parts, relay, streams, relay.listen)
    sockets = blueprint(Sockets(web.parts, relay, streams, many, view.auth))
    web.app = create_app(web.parts, open_stream=streams.open, draining=lambda: False, blueprints=[sockets], view=view)
    yield web
    relay.stop()


@pytest.mark.parametrize("path", ["/v1/jobs/{}/events", "/v1/events?jobs={}"])
def test_a_server_that_cannot_give_up_its_sockets_opens_no_websocket(with_sockets: Web, path: str) -> None:
    job_id = with_sockets.submit()["id"]
    answer = with_sockets.client.get(path.format(job_id), headers=HEAD)
    problem(answer, 501, "not_implemented")
