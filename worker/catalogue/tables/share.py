"""What counts its progress: a step, or the share of one that falls to one table of several."""

from typing import Protocol, SupportsFloat


class Counts(Protocol):
    """Whatever can be told how far it is."""

    def progress(
        self,
        done: SupportsFloat | None = None,
        total: SupportsFloat | None = None,
        *,
        unit: str | None = None,
        message: str | None = None,
        fraction: SupportsFloat | None = None,
    ) -> None: ...


class Share:
    """The part of a step that is one table's."""

    def __init__(self, whole: Counts, place: int, many: int) -> None:
        self._whole, self._place, self._many = whole, place, many

    def progress(
        self,
        done: SupportsFloat | None = None,
        total: SupportsFloat | None = None,
        *,
        unit: str | None = None,  # noqa: ARG002 - the units of several tables are not the same
        message: str | None = None,
        fraction: SupportsFloat | None = None,
    ) -> None:
        """Tell the step how far it is as a whole."""
        if fraction is None:
            fraction = 0.0 if done is None or not total else float(done) / float(total)
        self._whole.progress(fraction=(self._place + min(float(fraction), 1.0)) / self._many, message=message)


def share(whole: Counts, place: int, many: int) -> Counts:
    """The step itself where there is but one table."""
    return whole if many == 1 else Share(whole, place, many)
