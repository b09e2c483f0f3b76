"""The emulators' process: an emulator within the test's own process would deadlock with the libraries."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Emulator:
    """`python -m tests.rig attach`, told line by line. Safe between threads."""

    def __init__(self, folder: Path, *options: str) -> None:
        words = [sys.executable, "-m", "tests.rig", "attach", "--data", str(folder), *options]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lock = threading.Lock()
        self.folder = folder

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def do(self, act: str, name: str, number: int = 0) -> Any:
        """One line, and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(f"{act} {name} {number}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        assert line, "the emulators' process has ended"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def close(self) -> None:
        """Pull everything out and end."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(60) == 0
