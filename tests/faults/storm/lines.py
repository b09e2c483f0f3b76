"""A line between two programs that can be cut, slow, or lose the answers: a TCP proxy on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import StrEnum
from time import monotonic, sleep
from typing import Final

_SLOW_S: Final = 0.08
_CHUNK: Final = 65_536


class LineState(StrEnum):
    """What the line does with what is sent."""

    WELL = "well"
    CUT = "cut"
    SLOW = "slow"
    LOSES_ANSWERS = "loses answers"


class ProxiedLine:
    """Listens on `port` and leads to `target_port`, both of loopback."""

    def __init__(self, port: int, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", port))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.state = LineState.WELL
        self.answered_s = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, state: LineState) -> None:
        """From now on; a cut ends what is on its way, too."""
        self.state = state
        if state is LineState.CUT:
            self._cut()

    def close(self) -> None:
        """Nobody listens any more."""
        self._listener.close()
        self._cut()

    def _cut(self) -> None:
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(near.close)
            if self.state is LineState.CUT:
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:
                return
            far.settimeout(None)
            stack.callback(far.close)
            with self._lock:
                self._open |= {near, far}
            back = threading.Thread(target=self._pass_on, args=(far, near), kwargs={"answers": True}, daemon=True)
            back.start()
            self._pass_on(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}

    def _pass_on(self, source: socket.socket, target: socket.socket, *, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                if self.state is LineState.SLOW:
                    sleep(_SLOW_S)
                if answers and self.state is LineState.LOSES_ANSWERS:
                    break
                target.sendall(chunk)
                if answers:
                    self.answered_s = monotonic()
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
