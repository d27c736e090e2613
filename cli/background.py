"""An ``up`` below another command: started, awaited, ended, and never left behind."""

import argparse
import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.errors import CommandError
from cli.reaper import Reaper
from cli.remains import MARK
from cli.supervisor import LAUNCHER

#: A first start on a slow machine; the job types of a worker may take their time to load.
START_SECONDS = 120.0
#: More than the drain of an idle service can take.
END_SECONDS = 45.0
_READY = re.compile(r"^Tailrace is ready at (\S+)$")
_TAIL = 30


class Background:
    """One running ``up``: its address, its lines in a file."""

    def __init__(self, options: list[str], log: Path, *, environ: Mapping[str, str], reaper: Reaper) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.address: str | None = None
        self._tail: collections.deque[str] = collections.deque(maxlen=_TAIL)
        self._told = threading.Event()
        launch = [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid())]
        self.process = subprocess.Popen(
            [*launch, sys.executable, "-P", "-m", "cli", "up", *options],
            env={**environ, MARK: reaper.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        reaper.watch(self.process.pid)
        self._reader = threading.Thread(target=self._read, name="log", daemon=True)
        self._reader.start()

    def ready(self) -> str:
        """The address, once it is ready; CommandError with its last lines where it is not to be."""
        self._told.wait(START_SECONDS)
        if self.address is None:
            why = "did not become ready" if self.process.poll() is None else "ended"
            raise CommandError("\n".join([*self._tail, "", f"the service {why}; its last lines stand above"]))
        return self.address

    def wait(self) -> int:
        """Its exit code, whenever it ends."""
        return self.process.wait()

    def stop(self) -> None:
        """Lets it drain and end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(1)

    def _read(self) -> None:
        assert self.process.stdout  # noqa: S101 - opened above
        with self.process.stdout, self.log.open("wb") as file:
            for line in self.process.stdout:
                file.write(line)
                file.flush()
                text = line.decode("utf-8", "replace").rstrip()
                self._tail.append(text)
                if match := _READY.match(text):
                    self.address = match[1]
                    self._told.set()
        self._told.set()


@contextlib.contextmanager
def running(options: list[str], log: Path, environ: Mapping[str, str] | None = None) -> Iterator[Background]:
    """An ``up`` for as long as the block; a SIGTERM meanwhile ends both."""
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    reaper = Reaper()
    try:
        background = Background(options, log, environ=os.environ if environ is None else environ, reaper=reaper)
        try:
            yield background
        finally:
            background.stop()
    finally:
        reaper.close()
        signal.signal(signal.SIGTERM, before)


def options_of(arguments: argparse.Namespace, data: Path, port: int) -> list[str]:
    """The command line of an ``up`` for these arguments."""
    host = ["--host", arguments.host] if arguments.host else []
    return [*host, "--port", str(port), "--data", str(data)]
