"""The nodes of what is plugged in, and who opens them: by inotify on /dev, which sees every opening by name."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devices.links import Transport
from devices.machine import Node, this_machine
from devices.profile_files import load_profiles

_IN_OPEN: Final = 0x20
_EVENT: Final = struct.Struct("iIII")


def nodes_of(profile_name: str) -> list[tuple[Transport, Node]]:
    """The nodes that devices of the profile are used through."""
    machine = this_machine()
    (profile,) = [profile for profile in load_profiles() if profile.name == profile_name]
    return [
        (match.bus, node)
        for device in machine.usb_devices()
        for match in profile.match
        if (device.vendor_id, device.product_id) == (match.vendor_id, match.product_id)
        for node in machine.nodes(device, match)
    ]


def plugged_devices() -> list[str]:
    """What is configured on the USB, hubs aside: the names of its first interfaces in /sys."""
    names = [folder.name for folder in Path("/sys/bus/usb/devices").glob("*-*:1.0")]
    return [name for name in names if "-0:" not in name]


class Openings:
    """Names of nodes right below /dev that somebody opened, since this began."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert libc.inotify_add_watch(self._descriptor, b"/dev", _IN_OPEN) >= 0, os.strerror(ctypes.get_errno())
        self._seen: set[str] = set()

    def hidraw(self) -> set[Path]:
        """Those of HID interfaces."""
        return self._named("hidraw")

    def ports(self) -> set[Path]:
        """Those of serial ports on the USB."""
        return self._named("ttyACM")

    def _named(self, kind: str) -> set[Path]:
        self._seen.update(self._news())
        return {Path("/dev") / name for name in self._seen if name.startswith(kind)}

    def close(self) -> None:
        """No more."""
        os.close(self._descriptor)

    def _news(self) -> Iterator[str]:
        while True:
            try:
                data = os.read(self._descriptor, 65_536)
            except BlockingIOError:
                return
            while data:
                length = _EVENT.unpack_from(data)[3]
                yield data[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode()
                data = data[_EVENT.size + length :]


@contextmanager
def openings() -> Iterator[Openings]:
    """Watch from here on."""
    watched = Openings()
    try:
        yield watched
    finally:
        watched.close()
