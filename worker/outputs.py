"""Text that a job writes piece by piece while others read along."""

import hashlib
import threading

from jobs import events as ev
from worker import plain
from worker.interrupt import whole
from worker.ports import Sink, check, tell

#: Characters of one event at most: whatever they are, their JSON stays below the limit of 64 KiB.
PIECE = 10_000
#: Characters that wait to be hashed together; hashing each token alone would cost more than writing it.
_HASH_AT = 64 * 1024
#: What an event weighs beside its text, in bytes.
_ENVELOPE_BYTES = 160


class Output:
    """One named output; several threads may write to it, each piece stays whole."""

    def __init__(self, name: str, sink: Sink) -> None:
        self.name = plain.name(name)
        self._sink = sink
        self._lock = threading.Lock()
        self._digest, self._unhashed, self._waiting = hashlib.sha256(), list[str](), 0
        self._length = 0
        self._done = False

    @whole
    def write(self, text: str) -> int:
        """Appends *text*, a cancel point; returns its length. ValueError once the output is done."""
        check(self._sink)
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        with self._lock:
            if self._done:
                raise ValueError(f"output {self.name!r} is done")
            for start in range(0, len(text), PIECE):
                self._append(text[start : start + PIECE])
        return len(text)

    @whole
    def done(self) -> None:
        """Nothing more will be written; done by itself at the end of the job."""
        with self._lock:
            if self._done:
                return
            self._done = True
            self._hash()
            tell(self._sink, ev.OutputDone(name=self.name, length=self._length, sha256=self._digest.hexdigest()))

    def _append(self, text: str) -> None:
        self._sink.emit(ev.OutputAppended(name=self.name, offset=self._length, text=text), _ENVELOPE_BYTES + len(text))
        self._length += len(text)
        self._unhashed.append(text)
        self._waiting += len(text)
        if self._waiting >= _HASH_AT:
            self._hash()

    def _hash(self) -> None:
        self._digest.update("".join(self._unhashed).encode())
        self._unhashed.clear()
        self._waiting = 0
