"""The guest is what the tests take it for."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from pathlib import Path
from typing import Final

from tests.vendors.debian import VERSIONS, upstream

_PIDFD_GETFD: Final = 438
_FIRST_GIVEN: Final = 3


def test_the_kernel_has_the_usb_stack_and_no_usb() -> None:
    assert Path("/sys/devices/platform/vhci_hcd.0/attach").exists()
    assert not [file for file in Path("/sys/bus/usb/devices").glob("*-*:*") if file.name.endswith(":2.0")]


def test_no_program_runs_as_the_owner_that_its_file_has_on_the_machine_outside() -> None:
    programs = [*Path("/usr/bin").iterdir(), *Path("/usr/sbin").iterdir()]
    assert not [program for program in programs if program.is_file() and program.stat().st_mode & 0o6000]


def test_programs_that_we_did_not_write_are_those_of_the_table() -> None:
    lines = Path("/versions").read_text(encoding="utf-8").splitlines()
    installed = dict(line.split(" ") for line in lines)
    assert {name: upstream(installed[name]) for name in VERSIONS} == VERSIONS


def test_udevd_hears_whoever_speaks_at_once() -> None:
    """Its control socket asks for the speakers' identities before it accepts them (udevd.py)."""
    with _taken_from("systemd-udevd", _FIRST_GIVEN) as control:
        assert control.getsockname() == "/run/udev/control"
        options = [
            control.getsockopt(socket.SOL_SOCKET, name) for name in (socket.SO_ACCEPTCONN, socket.SO_PASSCRED)
        ]
    assert options == [1, 1]


def _taken_from(program: str, descriptor: int) -> socket.socket:
    """A socket of the oldest process of a program."""
    told = subprocess.run(["pgrep", "--oldest", "--exact", program], capture_output=True, check=True)
    process = os.pidfd_open(int(told.stdout))
    try:
        taken = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    assert taken >= 0, os.strerror(ctypes.get_errno())
    return socket.socket(fileno=taken)
