"""Job types that do nothing for a short while, so that what is measured is everything around them."""

import random
import time

from tailrace import Context, job


@job("short", title="10 to 50 ms", max_attempts=1)
def short(_: Context) -> None:
    """A random time, so that no average hides in a constant."""
    time.sleep(random.uniform(0.01, 0.05))


@job("longer", title="100 to 500 ms", max_attempts=1)
def longer(_: Context) -> None:
    """Ten times as long."""
    time.sleep(random.uniform(0.1, 0.5))
