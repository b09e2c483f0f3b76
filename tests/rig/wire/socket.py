"""A USB socket in this process: what is in it comes and goes, and each node of it is open to one program alone."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from devices.errors import DeviceBusy, LinkLost
from devices.links import AttachedDevice

ReportHook = Callable[[int], None]
"""Called with the number of each report once it has crossed (and the device has done what it asks)."""


class SocketLink(Protocol):
    """A link of devices.links that the socket can take away."""

    @property
    def path(self) -> str:
        """The node's name."""
        ...

    def lose(self) -> None:
        """The device is out."""
        ...


L = TypeVar("L", bound=SocketLink)


class Socket(ABC, Generic[L]):
    """One socket with one device, plugged or not. Safe between threads.

    `on_report` counts both directions since the link was opened. Paths change with every plugging, as the kernel's
    numbers do.
    """

    def __init__(self, *, plugged: bool) -> None:
        """Last in a port's own, which says what is shown."""
        self.on_report: ReportHook = lambda _number: None
        self._lock = threading.Lock()
        self._times_plugged = 0
        self._shown: tuple[AttachedDevice, ...] = ()
        self._links: dict[str, L] = {}
        if plugged:
            self.plug()

    @abstractmethod
    def _shows(self, times_plugged: int) -> Iterable[AttachedDevice]:
        """What the bus tells of the device that was plugged in for the so-many-th time."""

    @abstractmethod
    def _connect(self, device: AttachedDevice) -> L:
        """A link to one of them."""

    @abstractmethod
    def _lose_host(self) -> None:
        """The cable is out: what the device forgets by that, it has forgotten."""

    @property
    def attached(self) -> tuple[AttachedDevice, ...]:
        """What the bus tells of it; nothing while it is out."""
        return self._shown

    @property
    def plugged(self) -> bool:
        """Whether the computer sees it."""
        return bool(self._shown)

    def plug(self) -> None:
        """Put it in; nothing happens if it is."""
        with self._lock:
            if not self._shown:
                self._times_plugged += 1
                self._shown = tuple(self._shows(self._times_plugged))

    def unplug(self) -> None:
        """Pull it out, whatever is going on."""
        with self._lock:
            self._shown = ()
            links, self._links = self._links, {}
        for link in links.values():
            link.lose()
        self._lose_host()

    def open(self, device: AttachedDevice) -> L:
        """Open a node for one program alone. Raises LinkLost, DeviceBusy."""
        with self._lock:
            if device not in self._shown:
                raise LinkLost(device.path)
            if device.path in self._links:
                raise DeviceBusy(device.path)
            link = self._links[device.path] = self._connect(device)
        return link

    def closed(self, link: L) -> None:
        """The program gave it back; the device does not notice."""
        with self._lock:
            if self._links.get(link.path) is link:
                del self._links[link.path]

    def report_crossed(self, number: int) -> None:
        """Tell whoever listens now."""
        self.on_report(number)


class SocketBus(Generic[L]):
    """devices.links.Bus over such sockets."""

    def __init__(self, sockets: Iterable[Socket[L]]) -> None:
        self._sockets = tuple(sockets)

    def scan(self) -> Sequence[AttachedDevice]:
        """What is plugged in."""
        return [device for socket in self._sockets for device in socket.attached]

    def open(self, device: AttachedDevice, baud_rate: int) -> L:
        """Open it. Raises LinkLost, DeviceBusy."""
        del baud_rate
        for socket in self._sockets:
            if device in socket.attached:
                return socket.open(device)
        raise LinkLost(device.path)
