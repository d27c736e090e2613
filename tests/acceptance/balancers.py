"""The load balancers of deploy/, each the real one on its own file with addresses and ports replaced."""

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import ROOT, free_port, wait_for

KINDS = ("nginx", "haproxy", "caddy")
FILES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "caddy": "Caddyfile"}


def source(kind: str) -> str:
    return (ROOT / "deploy" / FILES[kind]).read_text(encoding="utf-8")


def installed(kind: str) -> str | None:
    """Where its binary is."""
    return shutil.which(kind) or shutil.which(kind, path="/usr/sbin:/usr/local/sbin")


class Balancer:
    """One process in front of *ports*, with the file as it is but for its own address, theirs, and where it writes."""

    def __init__(self, kind: str, ports: tuple[int, int], *, text: str | None = None) -> None:
        binary = installed(kind)
        if binary is None:
            pytest.skip(f"there is no {kind} here")
        self.kind, self.port = kind, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"tailrace-test-{kind}-"))
        self.log = self.folder / "output"
        text = (text or source(kind)).replace("127.0.0.1:8000", f"127.0.0.1:{ports[0]}")
        text = text.replace("127.0.0.1:8001", f"127.0.0.1:{ports[1]}")
        file = self.folder / FILES[kind]
        file.write_text(self._moved(text), encoding="utf-8")
        with self.log.open("ab") as output:
            words = [binary, *self._arguments(str(file))]
            self.process = subprocess.Popen(words, env=self._env(), stdout=output, stderr=output)
        wait_for(lambda: self._answers() or self.process.poll() is not None, what=kind)
        assert self.process.poll() is None, self.log.read_text()

    def _moved(self, text: str) -> str:
        if self.kind == "nginx":
            places = "".join(
                f"{name}_temp_path {self.folder}/{name};"
                for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            text = text.replace("user www-data;", f"user {pwd.getpwuid(os.getuid()).pw_name};")
            text = text.replace("/run/nginx.pid", f"{self.folder}/pid").replace("/var/log/nginx", str(self.folder))
            text = text.replace("http {", "http {" + places, 1)
            return re.sub(r"(?m)^(\s*listen) 80;", rf"\1 127.0.0.1:{self.port};", text)
        if self.kind == "haproxy":
            text = re.sub(r"(?m)^ +(user|group|chroot) .*\n", "", text).replace("maxconn 30000", "maxconn 3000")
            text = text.replace("log /dev/log local0", "log stdout format raw local0")
            return text.replace("bind :80\n", f"bind 127.0.0.1:{self.port}\n", 1)
        text = re.sub(r"(?m)^{$", f"{{\n\tadmin 127.0.0.1:{free_port()}", text, count=1)
        return re.sub(r"(?m)^:80 {$", f":{self.port} {{\n\tbind 127.0.0.1", text)

    def _arguments(self, file: str) -> list[str]:
        if self.kind == "nginx":
            return ["-c", file, "-e", f"{self.folder}/error.log", "-g", "daemon off;"]
        if self.kind == "haproxy":
            return ["-db", "-f", file]
        return ["run", "--adapter", "caddyfile", "--config", file]

    def _env(self) -> dict[str, str]:
        return {**os.environ, **{name: str(self.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}}

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def told(self) -> str:
        """All that it wrote: its log of requests and its own words."""
        return "".join(path.read_text(errors="replace") for path in (self.log, *self.folder.glob("*.log")))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def balancer(kind: str, ports: tuple[int, int], **more: str) -> Iterator[Balancer]:
    running = Balancer(kind, ports, **more)
    try:
        yield running
    finally:
        running.stop()
