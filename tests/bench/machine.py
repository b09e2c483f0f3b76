"""The machine a measurement was made on, and what processes take of its memory."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Size of the machine; numbers without it mean nothing."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB of some processes together: resident (shared pages counted for each) and proportional (counted once)."""

    rss_mib: float
    pss_mib: float


def this_machine() -> Machine:
    """The machine at hand."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def children(pid: int) -> list[int]:
    """Process ids of the children of `pid`."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory_of(pids: list[int]) -> Memory:
    """What these processes take together."""
    sums = {"Rss:": 0, "Pss:": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, *rest = line.split()
            if name in sums:
                sums[name] += int(rest[0])
    return Memory(round(sums["Rss:"] / 1024, 1), round(sums["Pss:"] / 1024, 1))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
