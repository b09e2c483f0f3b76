"""One run of the guest: QEMU with a network that ends at this machine, four shared folders, one exit code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from tests.guest import kernel, pace
from tests.guest.debian import GuestUnavailable
from tests.guest.python_packages import guest_python
from tests.guest.root import compile_sources, emulator, guest_root, program
from tests.guest.stock import PROJECT, alone, stock_folder

MEMORY_MB: Final = 1024
LIMIT_S: Final = 2400.0
"""Longer than any run on a loaded machine; a guest that hangs is ended then."""
_KERNEL_WORDS: Final = (
    "console=ttyS0 quiet loglevel=3 mitigations=off nokaslr random.trust_cpu=on panic=-1 usbcore.autosuspend=-1 "
)
_REAL_TIME: Final = "tsc=unstable clocksource=acpi_pm"
"""The time stamp counter would be measured at boot, wrongly on a busy machine: the guest would live too fast."""
_PROCESSOR: Final = "max,-erms,-fsrm"
"""Without what makes kernel and C library copy byte by byte: real ones are quick at it, an emulated one is not."""
INSTRUCTIONS_PER_NS: Final = 8
_COUNTED_TIME: Final = (
    f"tsc_early_khz={INSTRUCTIONS_PER_NS * 1_000_000} tsc=reliable clocksource=tsc "
    "hpet=disable pmtmr=0 nolapic_timer nohz=off"
)
"""QEMU's processor takes a nanosecond for each instruction, and its time stamp counter counts them. A desk's does
more: the kernel is told that so many ticks of the counter are one nanosecond, and knows no other clock; what that
comes to says tests.guest.pace. The local APIC's timer would be measured against other clocks for a minute, and be
found wrong. With a tick always due, time leaps less far while the guest waits for its disk, a clock apart.
"""
_LEFT_OUT: Final = (".git", ".venv", "node_modules", "__pycache__", "var")


@dataclass(frozen=True, slots=True)
class Guest:
    """Everything that a run needs, as folders."""

    emulator: Path
    root: Path
    python: Path


def prepare() -> Guest:
    """Fetch and build what is not there yet. Raises GuestUnavailable."""
    with alone():
        root = guest_root()
        return Guest(emulator(), root, guest_python(root))


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` is what the guest's own run gave; None if the guest did not come so far."""

    code: int | None
    took_s: float


def run(guest: Guest, arguments: list[str], results: Path, label: str = "", *, counts: bool = False) -> Ended:
    """Boot, run pytest with `arguments`, and wait for the end. What the guest leaves is in `results`.

    The console goes to our standard output, each line behind `label`. `counts`: the guest's clock counts its
    processor's instructions; where the processor has nothing to do, time leaps to what is next.
    """
    begun_s = time.monotonic()
    results.mkdir(parents=True, exist_ok=True)
    (results / "arguments").write_text("".join(f"{argument}\n" for argument in arguments), encoding="utf-8")
    code = results / "exit-code"
    code.unlink(missing_ok=True)
    if counts:
        pace.leave(results)
    with _copy_of_project(guest.root) as project:
        shares = {"root": guest.root, "python": guest.python, "project": project, "results": results}
        _emulate(_command(guest, shares, counts=counts), guest, label)
    told = code.read_text().strip() if code.exists() else ""
    return Ended(int(told) if told else None, time.monotonic() - begun_s)


def _emulate(words: list[str], guest: Guest, label: str) -> None:
    """QEMU until it ends or its time is over. Raises GuestUnavailable if it does not even start."""
    environment = dict(os.environ) | {"QEMU_MODULE_DIR": str(guest.emulator / "usr/lib/x86_64-linux-gnu/qemu")}
    # a run that is killed leaves no machine behind
    command = ["setpriv", "--pdeathsig", "KILL", *words]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, text=True, errors="replace"
    ) as running:
        over = threading.Timer(LIMIT_S, running.kill)
        over.start()
        try:
            for line in running.stdout or ():
                click.echo(f"{label}{line.rstrip()}")
        finally:
            over.cancel()
            if running.poll() is None and sys.exc_info()[0] is not None:
                running.kill()
    if running.returncode:
        raise GuestUnavailable(f"QEMU ended with {running.returncode}, or was ended after {LIMIT_S:.0f} s")


def _command(guest: Guest, shares: Mapping[str, Path], *, counts: bool) -> list[str]:
    qemu = program(guest.emulator, "usr/bin/qemu-system-x86_64")
    for folder in ("qemu", "seabios"):
        qemu += ["-L", str(guest.emulator / "usr/share" / folder)]
    qemu += ["-M", "q35", "-cpu", _PROCESSOR, "-smp", "1", "-m", str(MEMORY_MB), "-accel"]
    qemu += ["tcg,thread=single", "-icount", "shift=0,sleep=off"] if counts else ["tcg,thread=multi"]
    qemu += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]
    qemu += ["-kernel", str(guest.root / "boot/kernel"), "-initrd", str(guest.root / "boot/initramfs")]
    qemu += ["-append", _KERNEL_WORDS + (_COUNTED_TIME if counts else _REAL_TIME), "-device", "virtio-rng-pci"]
    qemu += ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
    for name in kernel.SHARES:
        how = "security_model=none" + ("" if name == "results" else ",readonly=on")
        qemu += ["-virtfs", f"local,path={shares[name]},mount_tag={name},{how}"]
    return qemu


@contextmanager
def _copy_of_project(root: Path) -> Iterator[Path]:
    """The project as it is now, with byte code: a run is not disturbed by whoever edits meanwhile."""
    with tempfile.TemporaryDirectory(prefix="project-", dir=stock_folder()) as name:
        folder = Path(name) / "project"
        shutil.copytree(PROJECT, folder, ignore=_is_left_out)
        # to people of the guest, too, whatever the umask was when it was made
        subprocess.run(["chmod", "-R", "go+rX", str(folder)], check=True)
        compile_sources(root, folder)
        yield folder


def _is_left_out(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in _LEFT_OUT or name.endswith(("_cache", ".hypothesis"))}
