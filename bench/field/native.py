"""The two programs in C, the load generator and the bare loop: compiled at first use, kept by their sources."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from bench.field.installs import once

SOURCES = Path(__file__).resolve().parent / "native"
PROGRAMS = {
    "load": ("load.c", "clock.c", "wire.c", "readers.c", "publish.c"),
    "bare": ("bare.c",),
}
LACKING = "a C compiler is missing; on Debian and Ubuntu:  sudo apt-get install -y gcc libc6-dev"


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def program(name: str, folder: Path) -> Path:
    """The path of the compiled program; SystemExit says what is missing, or what the compiler said."""
    text = b"".join((SOURCES / source).read_bytes() for source in (*PROGRAMS[name], "load.h"))
    made = folder / f"{name}-{hashlib.sha256(text).hexdigest()[:12]}"
    with once(folder, name):
        if not made.exists():
            _compile(name, made)
    return made


def lacking(folder: Path) -> str | None:
    """What is missing to have both; None where they are there."""
    if compiler() is None:
        return LACKING
    try:
        for name in PROGRAMS:
            program(name, folder)
    except SystemExit as error:
        return f"{error}\nWhat a compiler needs is, on Debian and Ubuntu:  sudo apt-get install -y gcc libc6-dev"
    return None


def _compile(name: str, made: Path) -> None:
    found = compiler()
    if found is None:
        raise SystemExit(LACKING)
    unfinished = made.with_suffix(".new")
    sources = [str(SOURCES / source) for source in PROGRAMS[name]]
    done = subprocess.run([found, "-O2", "-o", str(unfinished), *sources], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} could not be compiled:\n{done.stderr[-2000:]}")
    unfinished.rename(made)
