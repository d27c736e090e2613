"""What takes seconds to load can be given up on, and is whole all the same."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.catalogue.loading import load
from worker.outcomes import Cancelled

MODULE = "slow_to_load"


class Ended:
    """A context whose job is to end after a few looks."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def raise_if_cancelled(self) -> None:
        self._looks -= 1
        if self._looks < 0:
            raise Cancelled


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module that takes half a second to load."""
    (tmp_path / f"{MODULE}.py").write_text("import time\nfor _ in range(10):\n    time.sleep(0.05)\nWHOLE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop(MODULE, None)


@pytest.mark.usefixtures("slow")
@pytest.mark.alone
def test_a_cancel_is_seen_while_a_module_loads_and_the_module_is_loaded_whole() -> None:
    began = time.monotonic()
    with pytest.raises(Cancelled):
        load(Ended(looks=1), MODULE)  # type: ignore[arg-type] # all of a context that it uses
    assert time.monotonic() - began < 0.3
    load(Ended(looks=1000), MODULE)  # type: ignore[arg-type] # as above
    assert sys.modules[MODULE].WHOLE


def test_a_module_that_cannot_be_loaded_is_left_to_the_line_that_needs_it() -> None:
    load(Ended(looks=1000), "no_such_module_anywhere")  # type: ignore[arg-type] # as above
    assert "no_such_module_anywhere" not in sys.modules
