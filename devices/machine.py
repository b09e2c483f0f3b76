"""What this Linux machine tells of its devices, read from /sys, /dev, /proc and /etc under a given root.

Only for `doctor`: nothing here opens a device. A test gives a folder that looks like a machine.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devices.links import Transport
from devices.profiles import Match

_PR_SET_NAME: Final = 15
STATION: Final = "kagiya-station"
"""As a station names its process. It keeps HID nodes open that it does nothing with, and lets others in."""


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on the USB, by its folder in /sys."""

    folder: Path
    vendor_id: int
    product_id: int
    product: str
    serial: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node in /dev. `mode` has the permission bits, `group` the owning group's number."""

    path: Path
    owner: int
    group: int
    mode: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A program that has a node open."""

    pid: int
    program: str


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: name, number, and the groups of this process."""

    name: str
    number: int
    groups: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Machine:
    """The machine below `root`, as `user` sees it."""

    root: Path
    user: User

    def usb_devices(self) -> tuple[UsbDevice, ...]:
        """Everything on the USB."""
        folders = sorted((self.root / "sys/bus/usb/devices").glob("*"))
        return tuple(found for folder in folders if (found := _usb_device(folder)) is not None)

    def nodes(self, device: UsbDevice, match: Match) -> tuple[Node, ...]:
        """The nodes through which the device would be used, as far as the kernel made them."""
        if match.bus is Transport.USB:
            names = [_bus_node(device.folder)]
        else:
            interface = "*" if match.interface is None else str(match.interface)
            patterns = [f"*:*.{interface}/{pattern}" for pattern in _PATTERNS[match.bus]]
            names = [name for pattern in patterns for name in _names(device, pattern)]
        return tuple(node for name in names if (node := self.node(Path("/dev") / name)) is not None)

    def bus_node(self, device: UsbDevice) -> Node | None:
        """The bus's own node of the device, which a program takes an interface through that is to be its alone."""
        return self.node(Path("/dev") / _bus_node(device.folder))

    def is_taken(self, device: UsbDevice, match: Match) -> bool:
        """Whether a program has taken the device's interface for itself, from the kernel's driver if need be."""
        number = "*" if match.interface is None else str(match.interface)
        return any(
            (folder / "driver").resolve().name == _TAKEN
            for folder in device.folder.glob(f"*:*.{number}")
            if _text(folder / "bInterfaceClass") in _CLASSES[match.bus]
        )

    def node(self, path: Path) -> Node | None:
        """One node by its path, or None if it is not there."""
        try:
            facts = (self.root / path.relative_to("/")).stat()
        except OSError:
            return None
        return Node(path, facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode))

    def may_use(self, node: Node) -> bool:
        """Whether the user may read and write it, by owner, group and mode alone."""
        if self.user.number == 0:
            return True
        if node.owner == self.user.number:
            return node.mode & 0o600 == 0o600
        if node.group in self.user.groups:
            return node.mode & 0o060 == 0o060
        return node.mode & 0o006 == 0o006

    def holders(self, node: Node) -> tuple[Holder, ...]:
        """The programs that have it open, as far as this user may see, and any that has it for itself alone."""
        locked_by = self._lockers(node.path)
        return tuple(
            Holder(int(folder.name), _program(folder))
            for folder in self._processes()
            if int(folder.name) in locked_by or _has_open(folder, node.path)
        )

    def _lockers(self, path: Path) -> frozenset[int]:
        """The processes that hold a lock on a node, which everybody may know: their numbers."""
        try:
            facts = (self.root / path.relative_to("/")).stat()
        except OSError:
            return frozenset()
        place = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}:{facts.st_ino}"
        lines = (line.split() for line in self.text("/proc/locks").splitlines())
        return frozenset(int(words[4]) for words in lines if len(words) == _LOCK_WORDS and words[5] == place)

    def runs(self, program: str) -> bool:
        """Whether a program of that name runs."""
        return any(_program(folder) == program[:15] for folder in self._processes())

    def group_name(self, number: int) -> str:
        """A group's name, or its number where it has none."""
        lines = (line.split(":") for line in self.text("/etc/group").splitlines())
        return next((parts[0] for parts in lines if parts[2:3] == [str(number)]), str(number))

    def group(self, name: str) -> tuple[int, frozenset[str]] | None:
        """Number and listed members of a group, or None if there is none."""
        for line in self.text("/etc/group").splitlines():
            parts = line.split(":")
            if parts[0] == name and len(parts) == 4:
                return int(parts[2]), frozenset(filter(None, parts[3].split(",")))
        return None

    def text(self, path: str) -> str:
        """A file's text; empty if it is not there."""
        return _text(self.root / path.lstrip("/"))

    def _processes(self) -> Iterator[Path]:
        own = str(os.getpid())
        return (folder for folder in (self.root / "proc").glob("[0-9]*") if folder.name != own)


def name_process(name: str) -> None:
    """Be told from other programs by it, here and in every list of processes. At most 15 bytes."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode("ascii"), 0, 0, 0)


def this_machine() -> Machine:
    """The one we run on, for whoever runs this."""
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)
    return Machine(Path("/"), User(name, number, frozenset((*os.getgroups(), os.getegid()))))


_PATTERNS = {
    Transport.HID: ("0003:*/hidraw/hidraw*",),
    # CDC-ACM ports sit right under the interface, bridges with a driver of their own one level down
    Transport.SERIAL: ("tty/tty*", "tty*/tty/tty*"),
}


_CLASSES: Final = {
    Transport.HID: ("03",),
    # lines of modems, their data, and makers' own
    Transport.SERIAL: ("02", "0a", "ff"),
    Transport.USB: ("0b",),
}
"""bInterfaceClass of what is meant."""
_LOCK_WORDS: Final = 8
"""Of a line of /proc/locks: number, kind, mode, access, process, place, first byte, last byte."""
_TAKEN: Final = "usbfs"
"""What /sys calls the driver of an interface that a program has taken."""


def _usb_device(folder: Path) -> UsbDevice | None:
    vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
    if not vendor or not product:
        return None
    ids = int(vendor, 16), int(product, 16)
    return UsbDevice(folder.resolve(), *ids, _text(folder / "product"), _text(folder / "serial"))


def _names(device: UsbDevice, pattern: str) -> list[str]:
    return sorted(found.name for found in device.folder.glob(pattern))


def _bus_node(folder: Path) -> str:
    return f"bus/usb/{int(_text(folder / 'busnum') or 0):03}/{int(_text(folder / 'devnum') or 0):03}"


def _has_open(folder: Path, node: Path) -> bool:
    try:
        return any(handle.readlink() == node for handle in (folder / "fd").iterdir())
    except OSError:
        return False


def _program(folder: Path) -> str:
    return _text(folder / "comm")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
