"""Asks the service whether it is ready, beside the loop that keeps it running."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

_PAUSE_SECONDS = 0.2
_ANSWER_SECONDS = 2.0


class Readiness(threading.Thread):
    """``ready`` is set with the first 200 of /readyz; ``last`` is what was answered before."""

    def __init__(self, url: str) -> None:
        super().__init__(name="readiness", daemon=True)
        self.ready = threading.Event()
        self.last = "nobody answers yet"
        self._url = f"{url}/readyz"
        self._closed = threading.Event()

    def run(self) -> None:
        """Asks until the answer is 200 or nobody wants to know any more."""
        while not (self._asked() or self._closed.wait(_PAUSE_SECONDS)):
            pass

    def waited(self, seconds: float) -> Callable[[], bool]:
        """Whether it is ready or *seconds* have passed, as a question for the loop."""
        deadline = time.monotonic() + seconds
        return lambda: self.ready.is_set() or time.monotonic() > deadline

    def close(self) -> None:
        """Nobody wants to know any more."""
        self._closed.set()

    def _asked(self) -> bool:
        try:
            with _DIRECT.open(self._url, timeout=_ANSWER_SECONDS):
                self.ready.set()
                return True
        except urllib.error.HTTPError as error:
            self.last = f"/readyz answers {error.code}{_detail(error)}"
        except OSError as error:
            self.last = f"nobody answers yet ({getattr(error, 'reason', error)})"
        return False


#: Past any proxy that the environment names: the service is on this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read(10_000))
        return f": {problem['detail']}"
    except (ValueError, KeyError, TypeError, OSError):
        return ""
