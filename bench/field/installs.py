"""What the peers need, fetched once into folders of their own: nothing of it comes near the product's .venv."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
MODULE = Path("usr/lib/nginx/modules/ngx_nchan_module.so")
NGINX = "nginx is missing; on Debian and Ubuntu:  sudo apt-get install -y nginx-light"
NCHAN = "nchan is missing; on Debian and Ubuntu:  sudo apt-get install -y libnginx-mod-nchan"


def nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def once(folder: Path, name: str) -> Iterator[None]:
    """One at a time: those that are compared are made ready at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def venv(name: str, folder: Path) -> Path:
    """The bin folder of an environment with what ``peers/<name>.txt`` pins; SystemExit says why there is none."""
    pins = PEERS / f"{name}.txt"
    home = folder / f"{name}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    #: Several peers share an environment.
    with once(folder, name):
        if not (home / "complete").exists():
            print(f"installing {name} into {home}", flush=True)
            shutil.rmtree(home, ignore_errors=True)
            for words in _commands(home, pins):
                _run(words)
            (home / "complete").touch()
    return home / "bin"


def _commands(home: Path, pins: Path) -> list[list[str]]:
    """What makes the environment: all is pinned, so there is nothing to resolve; what is not used is not compiled."""
    uv, made = shutil.which("uv"), str(home / "bin" / "python")
    if uv:
        python = ["--python", made, "--no-deps"]
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "--quiet", *python, "-r", str(pins)],
        ]
    quick = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "-r", str(pins)]
    if importlib.util.find_spec("pip") is None:
        return [[sys.executable, "-m", "venv", str(home)], [made, "-m", "pip", "install", *quick]]
    #: This pip installs for the other one: to put a pip into it takes longer than the smaller of them does.
    bare = [sys.executable, "-m", "venv", "--without-pip", str(home)]
    return [bare, [sys.executable, "-m", "pip", "--python", made, "install", *quick]]


def nchan(folder: Path) -> Path | None:
    """Nginx's module: the machine's own, or Debian's package unpacked into *folder*; None where there is neither."""
    installed, fetched = Path("/") / MODULE, folder / "nchan" / MODULE
    if installed.exists():
        return installed
    if not fetched.exists() and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _fetch(folder / "nchan")
    return fetched if fetched.exists() else None


def _fetch(home: Path) -> None:
    """Unpacked, not installed: that needs no right to do so, and leaves the machine's own nginx as it is."""
    home.mkdir(parents=True, exist_ok=True)
    words = ["apt-get", "download", "libnginx-mod-nchan"]
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False)
    for package in home.glob("libnginx-mod-nchan*.deb") if not done.returncode else ():
        _run(["dpkg-deb", "-x", str(package), str(home)])


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{(done.stderr or done.stdout)[-2000:]}")
