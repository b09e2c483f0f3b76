"""How a program that runs until it is told hears of it."""

from __future__ import annotations

import signal
import threading
from typing import Final

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
