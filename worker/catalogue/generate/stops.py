"""Stop sequences in text that comes in pieces: what could yet become one is held back."""

from collections.abc import Sequence


class Stops:
    """Looks through the pieces of one text; *sequences* are not empty."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._held = ""
        #: One was met: nothing more is to be written.
        self.met = False

    def through(self, piece: str) -> str:
        """What may be written now that *piece* has come."""
        self._held += piece
        found = [place for sequence in self._sequences if (place := self._held.find(sequence)) >= 0]
        if found:
            self.met = True
            return self._release(min(found))
        return self._release(len(self._held) - self._growing())

    def rest(self) -> str:
        """What was held back, once nothing more comes."""
        return "" if self.met else self._release(len(self._held))

    def _growing(self) -> int:
        """Length of the longest end that is the beginning of a sequence."""
        longest = max(map(len, self._sequences), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(sequence.startswith(self._held[-length:]) for sequence in self._sequences):
                return length
        return 0

    def _release(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        return text
