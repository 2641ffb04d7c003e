"""A relay in front of a server through which bytes come slowly, so that a test can meet a transfer in its midst."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

_PIECE = 1 << 16


class NarrowRelay:
    """Listens on a port and passes everything on to another, at so many bytes per second until it is widened."""

    def __init__(self, target: int, rate: float) -> None:
        self._target = target
        self._rate = rate
        self._is_wide = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        _start(self._listen)

    def widen(self) -> None:
        """Pass everything on as fast as it comes."""
        self._is_wide.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.widen()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            for side in (near, far):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _start(lambda near=near, far=far: self._pass(near, far))
            _start(lambda near=near, far=far: self._pass(far, near))

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        """Pass on until one side ends, and end the other then."""
        try:
            while piece := source.recv(_PIECE):
                target.sendall(piece)
                self._is_wide.wait(len(piece) / self._rate)
        except OSError:
            pass  # one of them was killed
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        source.close()


def _start(run: Callable[[], None]) -> None:
    threading.Thread(target=run, daemon=True).start()
