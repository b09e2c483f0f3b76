"""A machine built up file by file in a folder, for the doctor to look at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from devices import udev
from devices.doctor import Doctor, Finding
from devices.machine import Machine, Node, User
from tests.devices.patience import shipped

PROFILES: Final = shipped()
TELLER = User("teller", 1000, frozenset({1000, 2000}))
OWN_GROUP = 2000


@dataclass
class Folder:
    """A machine built up file by file. Node modes are real; the owning group is told, since we own the files."""

    root: Path
    user: User = TELLER
    node_group: int = OWN_GROUP
    usb_ids: tuple[tuple[int, int], ...] = ()
    cradles: dict[str, str] = field(default_factory=dict)

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def usb(self, name: str, vendor: int, product: int, text: str = "Fob", serial: str = "") -> Path:
        real = self.root / "sys/devices/pci0000:00" / name
        ids = {"idVendor": f"{vendor:04x}", "idProduct": f"{product:04x}"}
        for key, value in {**ids, "product": text, "serial": serial}.items():
            self.write(f"/sys/devices/pci0000:00/{name}/{key}", value)
        shown = self.root / "sys/bus/usb/devices" / name
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.symlink_to(real)
        return real

    def interface(self, device: Path, number: int, kind: str, driver: str) -> None:
        """`kind`: bInterfaceClass."""
        name = f"{device.name}:1.{number}"
        self.write(f"/sys/devices/pci0000:00/{device.name}/{name}/bInterfaceClass", kind)
        (self.root / "sys/bus/usb/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (device / name / "driver").symlink_to(self.root / "sys/bus/usb/drivers" / driver)

    def on_bus(self, device: Path, devnum: int, mode: int = 0o660) -> str:
        """The bus's own node of a device."""
        for name, number in (("busnum", 1), ("devnum", devnum)):
            self.write(f"/sys/devices/pci0000:00/{device.name}/{name}", str(number))
        self.node(f"/dev/bus/usb/001/{devnum:03}", mode)
        return f"/dev/bus/usb/001/{devnum:03}"

    def hid_fob(self, mode: int = 0o660) -> None:
        real = self.usb("1-1", 0x1209, 0x0001)
        (real / "1-1:1.0/0003:1209:0001.0001/hidraw/hidraw3").mkdir(parents=True)
        (real / "1-1:1.1/0003:1209:0001.0002/hidraw/hidraw4").mkdir(parents=True)
        self.node("/dev/hidraw3", mode)
        self.node("/dev/hidraw4", mode)

    def cradle(self) -> None:
        real = self.usb("1-2", 0x1209, 0x0002)
        (real / "1-2:1.0/tty/ttyACM0").mkdir(parents=True)
        self.node("/dev/ttyACM0", 0o660)

    def token(self) -> None:
        """A Molto-2, whose node is the bus's own."""
        self.on_bus(self.usb("1-3", 0x349E, 0x0300), 4)

    def node(self, path: str, mode: int) -> None:
        self.write(path, "")
        (self.root / path.lstrip("/")).chmod(mode)

    def rules(self, text: str | None = None) -> None:
        self.write("/etc/udev/rules.d/70-kagiya.rules", udev.render(PROFILES) if text is None else text)

    def group(self, members: str = "") -> None:
        self.write("/etc/group", f"root:x:0:\nkagiya:x:{OWN_GROUP}:{members}\n")

    def process(self, pid: int, program: str, opened: str | None = None) -> None:
        self.write(f"/proc/{pid}/comm", program + "\n")
        (self.root / f"proc/{pid}/fd").mkdir(parents=True)
        if opened:
            (self.root / f"proc/{pid}/fd/7").symlink_to(opened)

    def locked(self, pid: int, path: str) -> None:
        """As /proc/locks tells it to everybody."""
        facts = (self.root / path.lstrip("/")).stat()
        place = f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}:{facts.st_ino}"
        waits = f"2: -> FLOCK  ADVISORY  WRITE {pid + 1} {place} 0 EOF"
        self.write("/proc/locks", f"1: FLOCK  ADVISORY  WRITE {pid} {place} 0 EOF\n{waits}\n")

    def findings(self) -> tuple[Finding, ...]:
        machine = _OwnedMachine(self.root, self.user, self.node_group)
        return Doctor(machine, PROFILES, self.cradles, lambda: self.usb_ids).diagnose()


@dataclass(frozen=True)
class _OwnedMachine(Machine):
    """Files of a test belong to whoever runs it; here they belong to root and to one group."""

    node_group: int = 0

    def node(self, path: Path) -> Node | None:
        found = super().node(path)
        return found and replace(found, owner=0, group=self.node_group)
