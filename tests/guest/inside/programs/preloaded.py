"""A maker's program in Python, run again and again without loading its libraries anew: that takes seconds here.

Each run is a fork of a process that has imported what the program imports; it enters the program at the function
that its command enters, with the command's words, and ends as the command would.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended and what it said. `text` is both outputs."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Whatever it said."""
        return self.out + self.err


class Preloaded:
    """`entry` is `module:function` as in the command's entry point, `path` folders before the usual ones."""

    def __init__(self, entry: str, imports: tuple[str, ...], path: tuple[Path, ...] = ()) -> None:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join([*map(str, path), os.environ["PYTHONPATH"]])
        words = [sys.executable, "-m", __name__, entry, *imports]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __call__(self, *words: str, typed: str = "") -> Ran:
        """Run it with these words, somebody typing `typed`."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"words": words, "typed": typed, "folder": name}) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return Ran(code, (folder / "out").read_text(), (folder / "err").read_text())

    def close(self) -> None:
        """No more runs."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(WITHIN_S) == 0


def main(entry: str, imports: list[str]) -> int:
    """Serve runs until there are no more; in a fork of it, be one."""
    # what the program says while it is loaded is no answer
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in imports:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        keyboard, typist = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(typist)
            return _be(entry, asked["words"], keyboard, Path(asked["folder"]))
        os.close(keyboard)
        with os.fdopen(typist, "w") as typing:
            typing.write(asked["typed"])
        _, status = os.waitpid(child, 0)
        told.write(f"{os.waitstatus_to_exitcode(status)}\n")
        told.flush()
    return 0


def _be(entry: str, words: list[str], keyboard: int, folder: Path) -> int:
    os.dup2(keyboard, 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - this process's own input
    module, _, function = entry.partition(":")
    sys.argv = [module.partition(".")[0], *words]
    return getattr(importlib.import_module(module), function)() or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
