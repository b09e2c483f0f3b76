"""A program that runs until it is told hears SIGTERM and Ctrl-C, whatever else its threads do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_PROGRAM: Final = """
import threading
from provisioning.cli.signals import stop_by_signal

stop = stop_by_signal()
for _ in range(4):
    threading.Thread(target=stop.wait).start()
print("waits", flush=True)
stop.wait()
"""
_ENDS: Final = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", _ENDS)
def test_it_ends_when_it_is_told(waiting: subprocess.Popen[str], number: signal.Signals) -> None:
    waiting.send_signal(number)
    assert waiting.wait(60) == 0


@pytest.mark.parametrize("number", _ENDS)
def test_one_thread_alone_takes_the_signal(waiting: subprocess.Popen[str], number: signal.Signals) -> None:
    threads = list(Path(f"/proc/{waiting.pid}/task").iterdir())
    (taker,) = [thread for thread in threads if not _blocked(thread) & 1 << (number - 1)]
    assert len(threads) == 6
    assert taker.name != str(waiting.pid)


def _blocked(thread: Path) -> int:
    """SigBlk of proc(5)."""
    lines = (thread / "status").read_text().splitlines()
    return int(next(line.partition(":")[2] for line in lines if line.startswith("SigBlk")), 16)
