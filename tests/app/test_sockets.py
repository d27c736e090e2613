"""Where the socket cannot be taken, as under Flask's own client, there is no WebSocket, and the caller is told."""

from collections.abc import Iterator

import pytest

from app.events import Streams
from app.factory import create_app
from app.sockets import Sockets, blueprint
from app.view import View
from tests.app.conftest import Web, problem
from tests.app.relay.conftest import PACE, relay_of
from tests.sockets import HEAD


@pytest.fixture
def with_sockets(web: Web) -> Iterator[Web]:
    relay, view = relay_of(web.parts, PACE), View.of(web.parts)
    streams = Streams(web.parts, relay)
    sockets = blueprint(Sockets(web.parts, relay, streams, view.auth))
    web.app = create_app(web.parts, open_stream=streams.open, draining=lambda: False, blueprints=[sockets], view=view)
    yield web
    relay.stop()


def test_a_server_that_cannot_give_up_its_sockets_opens_no_websocket(with_sockets: Web) -> None:
    job_id = with_sockets.submit()["id"]
    answer = with_sockets.client.get(f"/v1/jobs/{job_id}/events", headers=HEAD)
    problem(answer, 501, "not_implemented")
