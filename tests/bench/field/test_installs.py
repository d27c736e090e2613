"""What the peers need is fetched once."""

import threading
from pathlib import Path

from bench.field.installs import once


def test_what_several_need_is_made_by_one_of_them(tmp_path: Path) -> None:
    inside: list[int] = []

    def make() -> None:
        with once(tmp_path, "it"):
            inside.append(1)
            assert sum(inside) == 1
            inside.append(-1)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert inside == [1, -1] * 8
