"""Real processes under a real ``up``, on free ports, in folders of their own."""

import os
import queue
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
#: One unit for all waits; slow machines multiply it.
UNIT_SECONDS = 30.0

WEB = """\
import http.server, os, socket, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        if os.environ.get("TAILRACE_SHARE_PORT") == "1":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()
Server((os.environ.get("TAILRACE_HOST", "127.0.0.1"), int(os.environ["PORT"])), Answer).serve_forever()
"""


class Running:
    """One ``up`` as a person sees it: its lines, its end."""

    def __init__(self, words: list[str], environ: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            words, env=environ, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._coming: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))
        self.process.stdout.close()
        self._coming.put(None)

    def sees(self, pattern: str) -> re.Match[str]:
        """Waits for the next line that has *pattern*."""
        deadline = time.monotonic() + UNIT_SECONDS
        while True:
            try:
                line = self._coming.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {pattern!r} in:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match

    def ready(self) -> str:
        """The address that it tells."""
        return self.sees(r"Tailrace is ready at (http://\S+)")[1]

    def started(self, name: str) -> int:
        """The pid of the next start of *name*."""
        return int(self.sees(rf"{re.escape(name)} started \(pid (\d+)\)")[1])

    def family(self) -> list[psutil.Process]:
        """Everything below it, the reaper too."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code after *number*."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(UNIT_SECONDS)
        self._reader.join(UNIT_SECONDS)
        while not self._coming.empty():
            self.lines.append(self._coming.get() or "")
        return code

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what would lead a command to another service."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("TAILRACE_") and k not in {"REDIS_URL", "PORT"}}
    return {**own, "PYTHONPATH": str(ROOT), **more}


def until(done: Callable[[], object], *, what: str) -> None:
    """Waits for the thing."""
    deadline = time.monotonic() + UNIT_SECONDS
    while not done():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them lives (a zombie does not)."""
    return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts ``up`` with a Procfile; whatever it leaves is a fault, and ended."""
    all_of_them: list[Running] = []
    (tmp_path / "web.py").write_text(WEB, encoding="utf-8")

    def start(procfile: str, *options: str, data: str = "data", **environ: str) -> Running:
        (tmp_path / "Procfile").write_text(textwrap.dedent(procfile), encoding="utf-8")
        words = [sys.executable, "-P", "-m", "cli", "up", "-f", str(tmp_path / "Procfile")]
        words += ["--data", str(tmp_path / data), *([] if "--port" in options else ["--port", "0"]), *options]
        running = Running(words, environment(HERE=str(tmp_path), **environ), tmp_path)
        all_of_them.append(running)
        return running

    yield start
    for running in all_of_them:
        if running.process.poll() is None:
            running.process.terminate()
            running.ended()
