"""What is in the memory of running processes, as somebody with every right on the machine would take it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

TRACEABLE: Final = (
    sys.executable,
    "-c",
    # the product forbids what is done here
    "import provisioning.private_memory as memory; memory.forbid_tracing = lambda: None; "
    "from provisioning.__main__ import main; main()",
)
"""The `kagiya` command in processes whose memory their own account may read."""


def tree(pid: int) -> list[int]:
    """A process and those that came from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [one for child in (task / "children").read_text().split() for one in tree(int(child))]
    return found


def found_in(pid: int, needles: Iterable[bytes]) -> int:
    """How often any of them stands in what the process can write to."""
    wanted = list(needles)
    return sum(piece.count(needle) for piece in _written(pid) for needle in wanted)


def _written(pid: int) -> Iterator[bytes]:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights, *_ = line.split()
            if rights.startswith("rw"):
                first, end = (int(part, 16) for part in where.split("-"))
                memory.seek(first)
                yield memory.read(end - first)
