"""nginx as people have it, in front of a service: plain, speaking HTTP/1.0, and holding back what it compresses."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

from tests.service import free_port, wait_for

#: What each says besides where the service is. All that is not said is as nginx comes.
KINDS = {
    "HTTP/1.0 proxy": "proxy_http_version 1.0; chunked_transfer_encoding off; keepalive_timeout 0;",
    "nginx as it comes": "",
    "buffering gzip": "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;"
    "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;",
}
FILE = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fast;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {servers}
}}
"""
SERVER = "server {{ listen 127.0.0.1:{port}; {more} location / {{ proxy_pass http://127.0.0.1:{target}; }} }}\n"


def nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def nginx_version() -> str:
    binary = nginx()
    if binary is None:
        return "no nginx"
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr
    return said.strip().rpartition(": ")[2].replace("/", " ")


@contextmanager
def proxies(target: int) -> Iterator[dict[str, str]]:
    """The address of each kind of proxy in front of 127.0.0.1:*target*; none where there is no nginx."""
    binary = nginx()
    if binary is None:
        yield {}
        return
    ports = {kind: free_port() for kind in KINDS}
    servers = "".join(SERVER.format(port=port, more=KINDS[kind], target=target) for kind, port in ports.items())
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-") as folder:
        file = Path(folder, "nginx.conf")
        file.write_text(FILE.format(folder=folder, servers=servers))
        words = [binary, "-c", str(file), "-p", folder, "-e", f"{folder}/errors"]
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: _answers(ports) or process.poll() is not None, what="nginx")
            if process.poll() is not None:
                sys.exit(Path(folder, "errors").read_text())
            yield {kind: f"http://127.0.0.1:{port}" for kind, port in ports.items()}
        finally:
            process.terminate()
            process.wait()


def _answers(ports: dict[str, int]) -> bool:
    with suppress(OSError):
        for port in ports.values():
            create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False
