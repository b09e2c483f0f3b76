"""Which port of the virtual host controller a device is put into; what the kernel does there is done here."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.rig.usb import controller
from tests.rig.usb.controller import NoController, UsbSocket
from tests.rig.usb.families import DEVICES

HEADER = "hub port sta spd dev      sockfd local_busid"
PORTS = 3


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder, with nothing in any port."""
    folder = tmp_path / "vhci_hcd.0"
    folder.mkdir()
    monkeypatch.setattr(controller, "_CONTROLLER", folder)
    monkeypatch.setattr(controller, "_GONE_WITHIN_S", 0.1)
    used(folder)
    return folder


@pytest.fixture
def usb_socket(kernel: Path, tmp_path: Path) -> UsbSocket:
    """Of a fob that was never plugged in."""
    return UsbSocket(DEVICES["kagiya-fob"](tmp_path / "fob", "KF-000001").plan)


def used(folder: Path, *ports: int) -> None:
    """The kernel says of these that something is in them."""
    lines = [f"hs  {port:04} {'006' if port in ports else '004'} 000 00000000 000000 0-0" for port in range(PORTS)]
    (folder / "status").write_text("\n".join([HEADER, *lines]) + "\n")


def asked(folder: Path) -> int:
    """The port that was asked for last."""
    return int((folder / "attach").read_text().split()[0])


def test_the_former_port_is_taken_again_where_it_is_free(usb_socket: UsbSocket, kernel: Path) -> None:
    used(kernel, 0)
    usb_socket.plug()
    usb_socket.unplug()
    used(kernel)
    usb_socket.plug()
    assert asked(kernel) == 1


def test_a_former_port_that_another_device_has_is_not_waited_for(usb_socket: UsbSocket, kernel: Path) -> None:
    usb_socket.plug()
    usb_socket.unplug()
    used(kernel, 0)
    usb_socket.plug()
    assert asked(kernel) == 1
    used(kernel, 0)
    usb_socket.unplug()
    begun_s = time.monotonic()
    usb_socket.unplug()
    assert time.monotonic() - begun_s < controller._GONE_WITHIN_S


def test_a_port_that_the_kernel_does_not_give_back_is_told(usb_socket: UsbSocket, kernel: Path) -> None:
    usb_socket.plug()
    used(kernel, 0)
    with pytest.raises(NoController, match=r"port 0 .* not given back"):
        usb_socket.unplug()
