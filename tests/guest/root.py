"""The guest's own root: Debian's packages unpacked, and by hand what their scripts would have done."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.guest import kernel
from tests.guest.debian import extract, fetch, unpack
from tests.guest.stock import built, lists

USERS: Final = {"teller": 1000, "visitor": 1001}
"""Ordinary people of the guest; no group of the product's own is there until a test makes it."""
_GROUPS: Final = ("input", "kvm", "plugdev", "render", "sgx", "netdev")
"""Named by Debian's own udev rules."""
_LIBRARIES: Final = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib")


def emulator() -> Path:
    """The folder of QEMU."""
    return built("emulator", (repr(lists()["emulator"]),), _build_emulator)


def guest_root() -> Path:
    """The guest's root, with its kernel in /boot."""
    names = lists()
    told = [repr(names[name]) for name in ("kernel", "root", "left_out", "modules")]
    sources = [Path(__file__), Path(kernel.__file__)]
    return built("root", (*told, *(file.read_text(encoding="utf-8") for file in sources)), _build_root)


def program(root: Path, name: str, *words: str) -> list[str]:
    """The command that runs a program of `root` on this machine, with the libraries of that root."""
    libraries = ":".join(str(root / folder) for folder in _LIBRARIES)
    return [str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", libraries, str(root / name), *words]


def compile_sources(root: Path, folder: Path) -> None:
    """Byte code by the guest's Python: under emulation it would take a minute."""
    python = program(
        root, f"usr/bin/{python_name(root)}", "-W", "ignore", "-m", "compileall", "-q", "-j", "0", str(folder)
    )
    # what does not compile is never imported (templates of other Pythons)
    subprocess.run(python, env=python_environment(root), check=False, stdout=subprocess.DEVNULL)


def python_name(root: Path) -> str:
    """`python3.11`."""
    return (root / "usr/bin/python3").readlink().name


def python_environment(root: Path) -> dict[str, str]:
    """For the guest's Python on this machine."""
    return dict(os.environ) | {"PYTHONHOME": str(root / "usr"), "PYTHONDONTWRITEBYTECODE": ""}


def _build_emulator(folder: Path) -> None:
    unpack(fetch(lists()["emulator"], folder), folder)
    _forget_archives(folder)


def _build_root(folder: Path) -> None:
    names = lists()
    packages = fetch([*names["root"], *names["kernel"]], folder)
    images = [package for package in packages if package.name.startswith("linux-image-")]
    left_out = {*names["left_out"], *(image.name for image in images)}
    unpack((package for package in packages if package.name not in left_out), folder)
    _drop_owners_rights(folder)
    (folder / "versions").write_text("".join(f"{package.name} {package.version}\n" for package in packages))
    for image in images:
        extract(image, folder, "./boot", "./lib/modules") if image.file.stat().st_size > 1 << 20 else None
    _prepare_kernel(folder, names["modules"])
    _write_accounts(folder)
    compile_sources(folder, folder / "usr/lib" / python_name(folder))
    _forget_archives(folder)


def _drop_owners_rights(root: Path) -> None:
    """Files keep the owner that they have here: a `mount` that runs as its owner is not the guest's root's."""
    drop = ["-exec", "chmod", "ug-s", "{}", "+"]
    subprocess.run(["find", str(root), "-type", "f", "-perm", "/6000", *drop], check=True)


def _prepare_kernel(root: Path, wanted: list[str]) -> None:
    (modules,) = (root / "usr/lib/modules").iterdir()
    (image,) = (root / "boot").glob("vmlinuz-*")
    (root / "boot/kernel").write_bytes(kernel.uncompressed(image.read_bytes()))
    subprocess.run(_depmod(root, modules.name), check=True)
    first = kernel.first_root((root / "usr/bin/busybox").read_bytes(), modules)
    (root / "boot/initramfs").write_bytes(first)
    kept = [modules / "kernel" / name for name in wanted]
    for file in [*modules.rglob("*.ko")]:
        if not any(file.is_relative_to(folder) for folder in kept):
            file.unlink()
    subprocess.run(_depmod(root, modules.name), check=True)


def _depmod(root: Path, version: str) -> list[str]:
    loader, *rest = program(root, "usr/bin/kmod", "-b", str(root), version)
    return [loader, "--argv0", "depmod", *rest]


def _write_accounts(root: Path) -> None:
    etc, masters = root / "etc", root / "usr/share/base-passwd"
    people = [f"{name}:x:{number}:{number}::/tmp:/bin/sh\n" for name, number in USERS.items()]
    own_groups = [f"{name}:x:{number}:\n" for name, number in USERS.items()]
    system = [f"{name}:x:{number}:\n" for number, name in enumerate(_GROUPS, 900)]
    (etc / "passwd").write_text((masters / "passwd.master").read_text().replace(":*:", ":x:") + "".join(people))
    groups = (masters / "group.master").read_text().replace(":*:", ":x:").splitlines(keepends=True)
    groups = [line for line in groups if line.split(":")[0] not in _GROUPS]
    (etc / "group").write_text("".join([*groups, *system, *own_groups]))
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    (root / "opt").mkdir(exist_ok=True)


def _forget_archives(folder: Path) -> None:
    for name in ("archives", "lists"):
        shutil.rmtree(folder / name, ignore_errors=True)
