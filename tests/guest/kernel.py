"""Debian's stock kernel as QEMU boots it fastest, its modules, and the first root that finds the real one."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_PAYLOAD: Final = 0x248
"""Offset of payload_offset and payload_length in the boot header (Linux' x86 boot protocol 2.08)."""
_SETUP_SECTORS: Final = 0x1F1
_XZ: Final = b"\xfd7zXZ\x00"
FIRST_MODULES: Final = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
"""What the real root needs before it can be reached."""

SHARES: Final = ("root", "python", "project", "results")
_INIT: Final = """\
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
for module in {modules}; do $b insmod /modules/$module; done
share() {{ $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,"$3" "$1" "$2"; }}
share root /lower ro
$b mount -t tmpfs -o mode=755 tmpfs /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /new
$b mkdir -p /new/opt/python /new/opt/project /new/opt/results /new/dev
share python /new/opt/python ro
share project /new/opt/project ro
share results /new/opt/results rw
$b mount -t devtmpfs devtmpfs /new/dev
$b umount /proc
exec $b switch_root /new /bin/sh /opt/project/tests/guest/inside/start.sh
"""


def uncompressed(image: bytes) -> bytes:
    """The ELF kernel inside a bzImage; the image itself where it is not packed by xz."""
    offset, length = struct.unpack_from("<II", image, _PAYLOAD)
    start = (image[_SETUP_SECTORS] + 1) * 512 + offset
    payload = image[start : start + length]
    if not payload.startswith(_XZ):
        return image
    return lzma.LZMADecompressor().decompress(payload)


def first_root(busybox: bytes, modules: Path) -> bytes:
    """The initramfs: busybox, FIRST_MODULES with what they need, and the script that uses them.

    `modules` is the kernel's module folder, after depmod.
    """
    folders = ("bin", "dev", "lower", "modules", "new", "proc", "upper")
    entries: list[tuple[str, int, bytes]] = [(name, 0o040755, b"") for name in folders]
    entries.append(("bin/busybox", 0o100755, busybox))
    files = [modules / name for name in _in_order_of_loading((modules / "modules.dep").read_text())]
    entries += [(f"modules/{file.name}", 0o100644, file.read_bytes()) for file in files]
    script = _INIT.format(modules=" ".join(file.name for file in files))
    return _archive([*entries, ("init", 0o100755, script.encode())])


def _in_order_of_loading(dependencies: str) -> list[str]:
    """Files of FIRST_MODULES, each behind what it needs. modules.dep has `file: needs what-that-needs …`."""
    needs = {name: rest.split() for name, _, rest in (line.partition(":") for line in dependencies.splitlines())}
    files = {Path(name).stem: name for name in needs}
    wanted: dict[str, None] = {}
    for module in FIRST_MODULES:
        wanted |= dict.fromkeys([*reversed(needs[files[module]]), files[module]])
    return list(wanted)


def _archive(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """A cpio archive of the `newc` form."""
    parts = [_member(number, *entry) for number, entry in enumerate(entries, 1)]
    return b"".join([*parts, _member(0, "TRAILER!!!", 0, b"")])


def _member(number: int, name: str, mode: int, content: bytes) -> bytes:
    path = name.encode() + b"\0"
    fields: Sequence[int] = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % value for value in fields) + path
    return _filled(head) + _filled(content)


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
