"""Who holds how many of the process's streams, by the client's address; those of a job are in its room.

Pure.
"""

from collections import Counter
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from app.relay.subscriber import Reading

#: An IPv6 host has a whole network of so many bits to itself: its addresses are counted together.
_NETWORK = 64


class Census:
    """Kept up to date by the relay as connections come and go."""

    def __init__(self) -> None:
        self.clients: Counter[str] = Counter()

    def enter(self, reading: Reading) -> None:
        self.clients[client_of(reading.peer)] += 1

    def leave(self, reading: Reading) -> None:
        client = client_of(reading.peer)
        self.clients[client] -= 1
        if self.clients[client] <= 0:
            del self.clients[client]


@lru_cache(maxsize=4096)
def client_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, _NETWORK), strict=False))


@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether *address* is this machine's own; a unix socket has none, and is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
