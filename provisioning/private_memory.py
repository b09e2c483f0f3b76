"""No core file, no debugger: what a process has in memory (keys, seeds for a moment) stays there, or goes."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def keep_memory_private() -> None:
    """For this process and those that it forks: no core dumps, and nobody but root reads or traces it.

    RLIMIT_CORE alone does not stop a kernel that pipes dumps to a program. Raises OSError.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forbid_tracing()


def forbid_tracing() -> None:
    """prctl(2): the process is not dumpable; it also loses what /proc shows to its own account. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "prctl")


def overwrite(secret: bytearray) -> None:
    """What it held is gone from this process's memory, and not only freed."""
    secret[:] = bytes(len(secret))
