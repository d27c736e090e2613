"""What may be reached from a job: URLs by their schemes, addresses at every connection.

A name is looked up once and its addresses are what is connected to: one that changes its answer between a check and
the connection, or a redirect, gains nothing. Clients of aiohttp take :func:`open_socket`, those of httpx are made in
``outside_http``; both follow no proxy of the environment, which would do its own looking up.
"""

import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from worker.outcomes import JobFailed

#: ``1`` where jobs may reach this machine and its network.
ALLOW_PRIVATE = "TAILRACE_ALLOW_PRIVATE_URLS"
#: The schemes of URLs that jobs may be given, comma-separated.
SCHEMES = "TAILRACE_URL_SCHEMES"
_USUAL_SCHEMES = "http,https"
#: Of these the address can be checked; of any other its own library decides whom it asks.
WEB_SCHEMES = frozenset({"http", "https"})
_MAX_URL = 2000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Family, type, protocol, canonical name and socket address, as ``socket.getaddrinfo`` gives them.
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]

#: IPv6 networks in which an IPv4 address is packed, and how many bits behind their begin it stands (RFC 6052, 4291).
_PACKED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


class Forbidden(OSError):
    """An address that jobs may not reach: what connects passes it on as any other failure to connect."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host[:100]} has no address that a job may reach")


def private_allowed(env: Mapping[str, str] = os.environ) -> bool:
    """Whether jobs may reach private, loopback and link-local addresses."""
    return env.get(ALLOW_PRIVATE, "0").strip() == "1"


def schemes(env: Mapping[str, str] = os.environ) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in env.get(SCHEMES, _USUAL_SCHEMES).split(",") if name.strip())


def checked(url: str, allowed: frozenset[str] | None = None) -> SplitResult:
    """*url* in its parts, where a job may be given it; JobFailed ``forbidden_url`` where not. Nothing is looked up.

    *allowed* are its schemes, those of the operator unless given.
    """
    fit = schemes() if allowed is None else allowed
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise JobFailed("forbidden_url", f"This is no URL that can be read: {error}.") from None
    if parts.scheme not in fit:
        raise JobFailed("forbidden_url", f"URLs have to begin with {_listed(fit)}; {SCHEMES} of the worker says which.")
    if len(url) > _MAX_URL or not host or not url.isprintable():
        raise JobFailed("forbidden_url", "The URL names no host, or is longer than 2,000 characters.")
    if parts.username is not None or parts.password is not None:
        raise JobFailed("forbidden_url", "A URL with a user or a password in it is refused: params are no secret.")
    _refuse_private(host)
    return parts


def is_public(address: str) -> bool:
    """Whether *address* is one that everybody on the internet can reach: not of this machine or its networks."""
    try:
        found: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = _inner(found)
    return _is_public(found if inner is None else inner)


def permitted(address: str) -> bool:
    """Whether a job may connect to *address*."""
    return private_allowed() or is_public(address)


def addresses(host: str, port: int) -> list[str]:
    """Where *host* may be reached, in the order of preference; connect to these and look up nothing else.

    Forbidden where there are only addresses that a job may not reach, OSError where there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    fit = [str(info[4][0]) for info in found if permitted(str(info[4][0]))]
    if not fit:
        raise Forbidden(host)
    return list(dict.fromkeys(fit))


def open_socket(info: AddressInfo) -> socket.socket:
    """The ``socket_factory`` of ``aiohttp.TCPConnector``: called for every connection, with where it is to go."""
    family, kind, protocol, _, where = info
    if family not in (socket.AF_INET, socket.AF_INET6) or not permitted(str(where[0])):
        raise Forbidden(str(where[0]))
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def _refuse_private(host: str) -> None:
    """Says early and in words what the connection would say late: only where the host is an address itself."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not permitted(host):
        text = f"{host} is an address of this machine or its network; jobs may reach those where the worker has"
        raise JobFailed("forbidden_url", f"{text} {ALLOW_PRIVATE}=1.")


def _inner(address: Address) -> Address | None:
    """The IPv4 address that is meant by an IPv6 address; the first inner one that is not public where several are."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.teredo is not None:
        return next((each for each in address.teredo if not _is_public(each)), address.teredo[1])
    packed = any(address in network for network in _PACKED) and int(address) > 1
    return address.ipv4_mapped or address.sixtofour or (_last_four(address) if packed else None)


def _last_four(address: ipaddress.IPv6Address) -> Address:
    return ipaddress.IPv4Address(address.packed[-4:])


def _is_public(address: Address) -> bool:
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not odd and not getattr(address, "is_site_local", False)


def _listed(names: frozenset[str]) -> str:
    return " or ".join(f"{name}://" for name in sorted(names)) or "nothing: none is allowed"
