"""Where a Redis is: one server, the master that Sentinel names, or a cluster, all in one URL.

    redis://[user:password@]host:6379/0              one server; rediss:// with TLS, unix:///path a socket
    redis+sentinel://[…@]host:26379,host:26379/service[/0]   the master of *service*, whoever that is now
    redis+cluster://[…@]host:6379,host:6379          a cluster, by any of its nodes

``rediss+sentinel`` and ``rediss+cluster`` speak TLS. User and password are those of the servers that hold data;
Sentinel's own stand in the query, ``?sentinel_username=…&sentinel_password=…``, beside redis-py's ``ssl_…`` options.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit

Address = tuple[str, int]

_SENTINEL = "sentinel_"


class Mode(StrEnum):
    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, kw_only=True)
class RedisUrl:
    mode: Mode
    #: The URL as it was given.
    text: str = field(repr=False)
    #: Where to ask: the Sentinels, or some nodes of the cluster; empty for one server.
    nodes: tuple[Address, ...] = ()
    #: The name under which Sentinel knows the master.
    service: str = ""
    db: int = 0
    #: ``user:password@`` as it stands in the URL, or nothing.
    login: str = field(default="", repr=False)
    tls: bool = False
    #: redis-py's options, and those with which the Sentinels themselves are asked.
    options: dict[str, str] = field(default_factory=dict, repr=False)
    sentinel_options: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> "RedisUrl":
        """ValueError says what the URL must be; never what it is, for it may hold a password."""
        parts = urlsplit(text)
        scheme, _, mode = parts.scheme.partition("+")
        if (scheme == "unix" and not mode) or (scheme in {"redis", "rediss"} and mode in {"", "sentinel", "cluster"}):
            return cls(mode=Mode.SERVER, text=text) if not mode else cls._of_many(text, Mode(mode))
        raise ValueError("must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")

    @classmethod
    def _of_many(cls, text: str, mode: Mode) -> "RedisUrl":
        parts = urlsplit(text)
        login, at, hosts = parts.netloc.rpartition("@")
        port = 26379 if mode is Mode.SENTINEL else 6379
        service, db = _path(parts.path, mode)
        query = dict(parse_qsl(parts.query))
        return cls(
            mode=mode,
            text=text,
            nodes=tuple(_address(host, port) for host in hosts.split(",")),
            service=service,
            db=db,
            login=login + at,
            tls=parts.scheme.startswith("rediss"),
            options={name: value for name, value in query.items() if not name.startswith(_SENTINEL)},
            sentinel_options={
                name.removeprefix(_SENTINEL): value for name, value in query.items() if name.startswith(_SENTINEL)
            },
        )

    def server(self, host: str, port: int) -> str:
        """The URL of one server of it, for redis-py."""
        place = f"[{host}]" if ":" in host else host
        return f"redis{'s' * self.tls}://{self.login}{place}:{port}/{self.db}?{urlencode(self.options)}"


def _path(path: str, mode: Mode) -> tuple[str, int]:
    """The service and the number of the database."""
    words = path.strip("/").split("/") if path.strip("/") else []
    if mode is Mode.CLUSTER:
        if words not in ([], ["0"]):
            raise ValueError("must name no database but 0: a cluster has no other")
        return "", 0
    if not words or len(words) > 2 or not (words[1:] or ["0"])[0].isdecimal():  # noqa: PLR2004 - service and database
        raise ValueError(
            "must end with the name of the service that Sentinel watches: …host:26379/service or …/service/0"
        )
    return words[0], int((words[1:] or ["0"])[0])


def _address(text: str, port: int) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port or port
    except ValueError:
        host = ""
    if not host:
        raise ValueError("must give its nodes as host:port,host:port")
    return host, port
