"""How a program that runs until it is told hears of it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_INIT: Final = 1
_ENDS: Final = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_by_signal() -> threading.Event:
    """Set once SIGTERM or Ctrl-C came. To be called before any thread is started.

    A thread of its own waits for them, and every thread that is started later blocks them: a handler runs in the
    main thread only, which sleeps on when the kernel gives the signal to another thread.
    """
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    threading.Thread(target=_await_end, args=(stop,), name="signals", daemon=True).start()
    return stop


def _await_end(stop: threading.Event) -> None:
    signal.sigwait(_ENDS)
    stop.set()


def end_with_parent() -> None:
    """From now on the kernel kills this process when the one that forked it ends, even if that was killed.

    Whatever is started in its place would share the port with those that were left, and they would go on with
    keys and institutions of the past. SIGTERM would do only where the main thread gets it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == _INIT:  # it ended before
        sys.exit(1)
