"""A real server of a tiny language model, to be killed and started again as often as wanted."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service import free_port, wait_for
from tests.worker.catalogue.tiny_model import write_tiny_model

SCRIPT = Path(__file__).parent / "scripts" / "serve_model.py"
KEY = "a-key-of-the-tests"


class ModelServer:
    """llama.cpp with the tiny model, called ``tiny``, on a port of its own."""

    def __init__(self, model: Path) -> None:
        self._model, self._port = model, free_port()
        self._log = model.with_suffix(".log")
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}", headers={"Authorization": f"Bearer {KEY}"}
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def env(self) -> dict[str, str]:
        """The settings of a worker that is to use it."""
        return {"TAILRACE_OPENAI_BASE_URL": f"http://127.0.0.1:{self._port}/v1", "TAILRACE_OPENAI_API_KEY": KEY}

    def start(self) -> None:
        with self._log.open("ab") as log:
            words = [sys.executable, str(SCRIPT), str(self._model), str(self._port), KEY]
            self._process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._ready, what="the model's server")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        self._client.close()

    def busy(self) -> bool:
        """Whether it works on a text."""
        slots: list[dict[str, Any]] = self._client.get("/slots").json()
        return any(slot["is_processing"] for slot in slots)

    def written(self) -> int:
        """How many tokens it has written in all."""
        lines = self._client.get("/metrics").text.splitlines()
        return next(int(float(line.split()[1])) for line in lines if line.startswith("llamacpp:tokens_predicted_total"))

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text(errors="replace")[-3000:]
        with contextlib.suppress(httpx.HTTPError):
            return self._client.get("/health").is_success
        return False


@contextlib.contextmanager
def model_server() -> Iterator[ModelServer]:
    """One of them; skips where llama.cpp or what writes its models is not installed."""
    for module in ("xllamacpp", "gguf"):
        pytest.importorskip(module)
    with tempfile.TemporaryDirectory(prefix="tailrace-test-model-") as folder:
        path = Path(folder, "tiny.gguf")
        write_tiny_model(path)
        server = ModelServer(path)
        try:
            yield server
        finally:
            server.stop()
