"""Every subscriber's socket in one epoll set, itself watched by gevent's loop."""

import errno
from collections.abc import Callable
from typing import Any

from gevent.monkey import get_original

#: Sockets looked at in one turn of the loop.
_BATCH = 512
#: A client that has closed its side shows at once, without anything being written to it.
_GONE = 0x2018  # EPOLLRDHUP | EPOLLHUP | EPOLLERR: gevent hides the names with the call
_READ, _WRITE = 0x001, 0x004
_RDHUP = 0x2000


class Poll:
    """Calls *on_gone(fd)* when a client is gone; the others, where it was asked for, when it takes or says more."""

    def __init__(
        self,
        hub: Any,
        on_writable: Callable[[int], None],
        on_readable: Callable[[int], None],
        on_gone: Callable[[int], None],
    ) -> None:
        #: gevent's patching takes select.epoll away; this set never blocks, so the original is safe.
        self._epoll = get_original("select", "epoll")()
        self._on_writable, self._on_readable, self._on_gone = on_writable, on_readable, on_gone
        self._watcher = hub.loop.io(self._epoll.fileno(), 1)
        self._watcher.start(self._turn)

    def add(self, fd: int) -> None:
        self._epoll.register(fd, _RDHUP)

    def watch(self, fd: int, *, write: bool, read: bool) -> None:
        self._epoll.modify(fd, _RDHUP | (_WRITE if write else 0) | (_READ if read else 0))

    def remove(self, fd: int) -> None:
        try:
            self._epoll.unregister(fd)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.EBADF}:
                raise

    def close(self) -> None:
        self._watcher.stop()
        self._watcher.close()
        self._epoll.close()

    def _turn(self) -> None:
        for fd, happened in self._epoll.poll(0, _BATCH):
            if happened & _GONE:
                self._on_gone(fd)
                continue
            if happened & _WRITE:
                self._on_writable(fd)
            if happened & _READ:
                self._on_readable(fd)
