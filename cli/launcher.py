"""Becomes the command it is given, after asking Linux to end it when its parent dies.

Run by path with ``python -I -S`` before every supervised command: ``launcher.py PARENT_PID word…``. A function
between fork and exec (``preexec_fn``) would do the same and is unsafe as soon as a thread runs in the parent.
"""

import ctypes
import os
import signal
import sys

#: <sys/prctl.h>: the signal that this process gets when the thread that started it ends; kept across exec.
PR_SET_PDEATHSIG = 1


def main(parent: int, words: list[str]) -> None:
    """Replaces this process by *words*; ends with 127 where they cannot be run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)  # it died before the call above
    try:
        os.execvp(words[0], words)  # noqa: S606 - no shell is meant
    except OSError as error:
        sys.stderr.write(f"cannot start {words[0]!r}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
