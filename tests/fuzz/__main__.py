"""`python -m tests.fuzz [TARGET …] [--seconds N] [--jobs N] [--keep]`: fuzz every target, or those named.

What is found on the way lies in var/fuzz/TARGET and is where the next run goes on; `--keep` puts the least of it
that reaches every line into the repository. An input that a target fails on is kept as var/fuzz/TARGET.failed-…:
it becomes a line of the corpus, and a test, before it is mended.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fuzz import corpus
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS, Target

FOUND: Final = Path("var/fuzz")
_LAST: Final = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)")
_RATE: Final = re.compile(r"Done (\d+) runs in (\d+) second")
_NICE: Final = 10
_GRACE_S: Final = 120


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to. `output` is empty where nothing was found."""

    name: str
    runs: int = 0
    seconds: int = 0
    covered: int = 0
    inputs: int = 0
    output: str = ""


def main(arguments: list[str]) -> int:
    """The exit code: 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args(arguments)
    unknown = set(given.targets) - {target.name for target in TARGETS}
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = [target for target in TARGETS if not given.targets or target.name in given.targets]
    if given.keep:
        for target in chosen:
            keep(target)
        return 0
    with ThreadPoolExecutor(given.jobs) as pool:
        outcomes = list(pool.map(lambda target: fuzz(target, given.seconds), chosen))
    for found in outcomes:
        sys.stdout.write(f"\n{found.name} failed:\n{found.output}\n" if found.output else "")
    return int(any(found.output for found in outcomes))


def fuzz(target: Target, seconds: int) -> Outcome:
    """One target for so long, in a process of its own."""
    folder = _unpacked(target)
    command = [
        sys.executable, "-m", "tests.fuzz.one", target.name, f"-max_total_time={seconds}", "-timeout=60",
        "-rss_limit_mb=2048", f"-artifact_prefix={FOUND / target.name}.failed-", str(folder),
    ]  # fmt: skip
    done = subprocess.run(
        ["nice", "-n", str(_NICE), *command],
        capture_output=True, text=True, errors="replace", check=False, timeout=seconds + _GRACE_S,
    )  # fmt: skip
    told = done.stdout + done.stderr
    last, rate = _LAST.search(told), _RATE.search(told)
    numbers = (int(rate[1]), int(rate[2])) if rate else (0, 0)
    covered = (int(last[2]), int(last[4])) if last else (0, 0)
    outcome = Outcome(target.name, *numbers, *covered, "" if done.returncode == 0 else told[-6000:])
    sys.stdout.write(
        f"{outcome.name:18} {outcome.runs:10} runs in {outcome.seconds:4} s, {outcome.covered:6} edges,"
        f" {outcome.inputs:5} inputs{'  FAILED' if outcome.output else ''}\n"
    )
    sys.stdout.flush()
    return outcome


def keep(target: Target) -> None:
    """The least that reaches every line, of what was kept, what was found, and the seeds."""
    found = [file.read_bytes() for file in (FOUND / target.name).glob("*")]
    with suppress(FileNotFoundError):
        found += corpus.kept(target.name)
    with tempfile.TemporaryDirectory() as folder:
        least = corpus.smallest(target.prepare(Path(folder)), [*found, *SEEDS[target.name]()], target.of)
    corpus.keep(target.name, least)
    sys.stdout.write(f"{target.name:18} {len(least)} of {len(found)} inputs\n")


def _unpacked(target: Target) -> Path:
    folder = FOUND / target.name
    folder.mkdir(parents=True, exist_ok=True)
    for data in [*corpus.kept(target.name), *SEEDS[target.name]()]:
        (folder / sha256(data).hexdigest()[:20]).write_bytes(data)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
