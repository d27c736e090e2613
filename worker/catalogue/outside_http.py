"""The client of httpx that jobs use: it connects only to what may be reached from a job."""

from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from worker.catalogue import outside

_MAX_REDIRECTS = 5


class Checked(httpcore.SyncBackend):
    """Looks a host up once and connects to those of its addresses that are permitted, one after the other."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} could not be found")
        for address in _addresses(host, port):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def client(**options: Any) -> httpx.Client:
    """As httpx.Client(**options); a redirect is a connection like any other. No proxy of the environment is used.

    An address that is not permitted is an ``httpx.ConnectError`` whose text says so.
    """
    given = {"follow_redirects": True, "max_redirects": _MAX_REDIRECTS, **options}
    return httpx.Client(transport=_Transport(), trust_env=False, **given)


class _Transport(httpx.HTTPTransport):
    def __init__(self) -> None:
        #: With the certificates that the operator names by SSL_CERT_FILE, if any.
        context = httpx.create_ssl_context()
        super().__init__(verify=context, trust_env=False)
        #: httpx has no argument for what httpcore has one for; the pool that it made has opened nothing yet.
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=Checked())


def _addresses(host: str, port: int) -> list[str]:
    try:
        return outside.addresses(host, port)
    except outside.Forbidden as error:
        raise httpcore.ConnectError(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(f"{host} could not be found") from error
