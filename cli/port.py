"""One port for all web processes: proved free, then kept from everybody else as long as ``up`` lives."""

import errno
import socket
from collections.abc import Iterable
from typing import Any

from cli.errors import CommandError, UsageError


def reserve(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen: web processes may share its port (SO_REUSEPORT), nobody else can take it.

    Port 0 takes a free one. CommandError where another program has it.
    """
    family, address = _resolve(host, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        #: With SO_REUSEADDR a connection that is still dying away is no owner; without SO_REUSEPORT another ``up`` is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, address)
        taken = (address[0], probe.getsockname()[1], *address[2:])
    return _share(family, taken)


def free(host: str = "127.0.0.1", candidates: Iterable[int] = (0,)) -> int:
    """The first port of *candidates* that nobody has; CommandError where all are taken."""
    for port in candidates:
        try:
            with reserve(host, port) as bound:
                number: int = bound.getsockname()[1]
                return number
        except CommandError:
            continue
    raise CommandError(f"no port is free on {host}")


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(f"--host {host} is not an address of this machine ({error.strerror})") from None
    family, _, _, _, address = found[0]
    return family, address


def _bind(bound: socket.socket, address: Any) -> None:
    try:
        bound.bind(address)
    except OSError as error:
        host, port = address[:2]
        if error.errno == errno.EADDRINUSE:
            raise CommandError(
                f"port {port} on {host} is taken, perhaps by another ./tailrace up. Choose another with --port, "
                f"or --port 0 for any."
            ) from None
        if error.errno == errno.EACCES:
            raise CommandError(f"port {port} needs root; choose one from 1024 on") from None
        raise UsageError(f"cannot bind {host} port {port}: {error.strerror}") from None


def _share(family: socket.AddressFamily, address: Any) -> socket.socket:
    """Without SO_REUSEADDR on itself, or a plain bind with it would get past as long as nobody listens."""
    for options in ((socket.SO_REUSEPORT,), (socket.SO_REUSEPORT, socket.SO_REUSEADDR)):
        bound = socket.socket(family, socket.SOCK_STREAM)
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            bound.bind(address)
        except OSError:
            bound.close()
        else:
            return bound
    raise CommandError(f"port {address[1]} was taken this very moment; try again")
