"""Real processes at the price of a fork: one process imports everything once and forks the others.

`python -m tests.faults.nursery` reads one JSON line for each child wanted, `{"part": …, "args": {…}, "log": …}`,
and answers with its process id. The children are killed with it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tests.faults import parts
from tests.faults.storm import parts as storm_parts
from tests.fixtures.processes import END_WITHIN_S, end

ROOT = Path(__file__).parents[2]
PARTS = {**parts.PARTS, **storm_parts.PARTS}


@dataclass
class Child:
    """A process started by the nursery."""

    pid: int
    _fd: int

    def wait_dead(self, limit_s: float) -> bool:
        """Whether it ended within `limit_s` seconds."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(limit_s * 1000))

    def kill(self) -> None:
        """kill -9, if it still lives."""
        if not self.wait_dead(0):
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)
            assert self.wait_dead(END_WITHIN_S), "a killed process did not end"

    def close(self) -> None:
        """Kill it and forget it."""
        self.kill()
        os.close(self._fd)


class Nursery:
    """Starts children; ends them all at the end."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    def start(self, part: str, log: Path, **args: Any) -> Child:
        """A new process that runs `part`; what it says goes to the file `log`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"part": part, "args": args, "log": str(log)})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        return Child(pid, os.pidfd_open(pid))

    def close(self) -> None:
        """End the nursery and everything it started."""
        try:
            self._process.communicate(timeout=END_WITHIN_S)
        finally:
            end(self._process)


def main() -> None:
    """Fork until the input ends."""
    children: set[int] = set()
    for line in iter(sys.stdin.buffer.readline, b""):
        _reap(children)
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(order)
        children.add(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _reap(children: set[int]) -> None:
    for pid in tuple(children):
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            children.discard(pid)


def _run(order: dict[str, Any]) -> None:
    """In the child: never comes back."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    try:
        PARTS[order["part"]](**order["args"])
    except Exception:  # noqa: BLE001 - the log is all that is left of it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    main()
