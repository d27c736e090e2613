"""The Redis that ``up`` brings along where no REDIS_URL names another: loopback only, with a password, AOF on."""

import os
import random
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli import port as ports
from cli.errors import CommandError
from cli.procfile import Command
from cli.redis_binary import RedisBinary

HOST = "127.0.0.1"
#: Below the ports that systems give to outgoing connections: while Redis restarts, a client that knocks at a port
#: from that range can be given that very port as its own, connect to itself and keep Redis out.
PORTS = range(16384, 32768)
_TRIES = 50
_ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedRedis:
    """One server with its files in *folder*; a new port and password for each ``up``."""

    binary: RedisBinary
    folder: Path
    port: int
    password: str

    @classmethod
    def prepared(cls, binary: RedisBinary, folder: Path, *, fsync: str) -> "EmbeddedRedis":
        """Writes the configuration; CommandError where *folder* was written by a newer Redis than *binary*."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_version(folder / "version", binary)
        candidates = random.sample(PORTS, _TRIES)
        port, password = ports.free(HOST, candidates), secrets.token_urlsafe(32)
        redis = cls(binary=binary, folder=folder, port=port, password=password)
        redis.write_configuration(fsync)
        return redis

    @property
    def url(self) -> str:
        """For redis-py, for Celery and for a bare connection alike; children get it by their environment only."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    @property
    def configuration(self) -> Path:
        """Readable by its owner only: it holds the password, which must not stand on a command line."""
        return self.folder / "redis.conf"

    def command(self, environ: Mapping[str, str]) -> Command:
        """What to start."""
        argv = (str(self.binary.path), str(self.configuration))
        return Command(name="redis", argv=argv, environ=environ, cwd=self.folder)

    def answers(self) -> bool:
        """Whether it is there and has read its files."""
        try:
            with socket.create_connection((HOST, self.port), timeout=_ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in connection.makefile("rb").read()
        except OSError:
            return False

    def write_configuration(self, fsync: str) -> None:
        """Writes ``redis.conf`` anew."""
        self.configuration.unlink(missing_ok=True)
        descriptor = os.open(self.configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{name} {value}\n" for name, value in self._settings(fsync)))

    def _settings(self, fsync: str) -> list[tuple[str, str]]:
        return [
            ("bind", HOST),
            ("port", str(self.port)),
            ("protected-mode", "yes"),
            ("requirepass", self.password),
            ("dir", _quoted(self.folder)),
            ("daemonize", "no"),
            ("loglevel", "warning"),
            ("appendonly", "yes"),
            ("appendfsync", fsync),
            #: The append-only file is the record; snapshots beside it would only cost forks and memory.
            ("save", '""'),
            #: Nothing of a live job may be evicted; a full Redis refuses instead, and the service says so.
            ("maxmemory-policy", "noeviction"),
            #: The default of 511 is cut by most systems, with a warning at every start.
            ("tcp-backlog", "128"),
            #: It would overwrite the environment by which the reaper knows its own.
            ("set-proc-title", "no"),
        ]


def fsync_from(environ: Mapping[str, str]) -> str:
    """``appendfsync``: ``everysec``, or ``always`` where TAILRACE_FSYNC asks for it."""
    wish = environ.get("TAILRACE_FSYNC", "").strip() or "everysec"
    if wish not in {"everysec", "always"}:
        raise CommandError("TAILRACE_FSYNC: must be everysec or always")
    return wish


def _check_version(note: Path, binary: RedisBinary) -> None:
    """An older server would not see a newer one's files, start empty and lose every job without a word."""
    before = note.read_text(encoding="ascii").strip() if note.exists() else "0.0.0"
    if tuple(map(int, before.split(".")))[:2] > binary.version[:2]:
        raise CommandError(
            f"{note.parent} was written by Redis {before}, and {binary.path} is {binary.shown}, which cannot read it. "
            f"Install that one again, or choose another folder with --data."
        )
    note.write_text(f"{binary.shown}\n", encoding="ascii")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
