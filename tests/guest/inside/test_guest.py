"""The guest is what the tests take it for."""

from __future__ import annotations

from pathlib import Path


def test_the_kernel_has_the_usb_stack_and_no_usb() -> None:
    assert Path("/sys/devices/platform/vhci_hcd.0/attach").exists()
    assert not [file for file in Path("/sys/bus/usb/devices").glob("*-*:*") if file.name.endswith(":2.0")]


def test_no_program_runs_as_the_owner_that_its_file_has_on_the_machine_outside() -> None:
    programs = [*Path("/usr/bin").iterdir(), *Path("/usr/sbin").iterdir()]
    assert not [program for program in programs if program.is_file() and program.stat().st_mode & 0o6000]
