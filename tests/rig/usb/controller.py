"""The kernel's virtual host controller: where a socket becomes a USB socket. Needs root and vhci-hcd."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.rig.usb.plan import UsbPlan
from tests.rig.usb.served import ServedDevice
from tests.rig.usb.trouble import Trouble

_CONTROLLER: Final = Path("/sys/devices/platform/vhci_hcd.0")
_FULL_SPEED: Final = 2
_FREE: Final = "004"
_PORTS: Final = 30
"""Of one of its controllers: those of a hub for full speed, then as many of another that nobody uses here."""
_GONE_WITHIN_S: Final = 30.0
_attaching = threading.Lock()


class NoController(Exception):
    """This kernel has no virtual host controller, or no free port on it."""


class UsbSocket:
    """One socket of this computer with one device, plugged or not. Safe between threads.

    The first plugging takes any free port of the controller and later ones take it again where it is free.
    """

    def __init__(self, plan: UsbPlan, *, pace: float = 0.0) -> None:
        self.plan = plan
        self._pace = pace
        self._served: ServedDevice | None = None
        self._port: int | None = None
        self._has_port = False

    @property
    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._served is not None and not self._served.is_out

    @property
    def crossed(self) -> int:
        """Reports and bulk transfers since it was plugged in."""
        return self._served.crossed if self._served else 0

    def plug(self, hub: int = 0) -> None:
        """Put it in, the first time at that root hub or behind; nothing happens if it is. Raises NoController."""
        if self.plugged:
            return
        if self._served is not None:
            # its power is gone before there is new power
            self._served.thread.join()
        self._give_back(_is_free)
        ours, kernels = socket.socketpair()
        with kernels:
            self._served = ServedDevice(self.plan, ours, pace=self._pace)
            self._served.thread.start()
            try:
                self._port = _attach(kernels, self._port, hub)
            except BaseException:
                self._served.cut()
                raise
            self._has_port = True

    def unplug(self) -> None:
        """Pull it out, whatever it does, and wait until its hub has seen it.

        A hub takes a while for each. What is put in again before that passes for the same as ever: it keeps its
        nodes and their numbers.
        """
        if self._served is not None:
            self._served.cut()
            self._served.thread.join()
        self._give_back(_is_empty)

    def trouble(self, trouble: Trouble) -> None:
        """Let something go wrong with the present plugging."""
        if self._served is not None:
            self._served.trouble(trouble)

    def _give_back(self, done: Callable[[int], bool]) -> None:
        """Wait until the port that we had is not ours any more; from then on it may be another's."""
        until_s = time.monotonic() + _GONE_WITHIN_S
        while self._has_port and self._port is not None and not done(self._port):
            if time.monotonic() > until_s:
                raise NoController(f"port {self._port} of the virtual host controller is not given back")
            time.sleep(0.005)
        self._has_port = False


def _attach(kernels: socket.socket, before: int | None, hub: int) -> int:
    with _attaching:
        for port in sorted(_free_ports(hub), key=lambda port: port != before):
            words = f"{port} {kernels.fileno()} {port + 1:d} {_FULL_SPEED}"
            try:
                (_CONTROLLER / "attach").write_text(words)
            except OSError as error:
                if error.errno in (errno.EBUSY, errno.EINVAL):
                    continue
                raise
            return port
    raise NoController("no port of the virtual host controller is free")


def _is_free(port: int) -> bool:
    return port in _free_ports()


def _is_empty(port: int) -> bool:
    """Whether its hub knows of no device there, either: usb1/1-5 is what is in the fifth port of one."""
    controller, number = divmod(port, _PORTS)
    known = _CONTROLLER.with_suffix(f".{controller}").glob(f"usb*/*-{number + 1}")
    return _is_free(port) and not list(known)


def _free_ports(first_hub: int = 0) -> Iterator[int]:
    """Full-speed ports nobody uses, hub by hub. A line: `hs 0000 004 000 …` (hub, port, state, speed …)."""
    files = sorted(_CONTROLLER.glob("status*"))
    if not files:
        raise NoController("there is no virtual host controller: `modprobe vhci-hcd` as root")
    first = first_hub % len(files)
    for file in (*files[first:], *files[:first]):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[0] == "hs" and words[2] == _FREE:
                yield int(words[1])
