"""How quick a processor is at a station's work: measured here and in the guest, whose times mean nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Final

FILE_NAME: Final = "pace"
_TRIES: Final = 20
_MESSAGES: Final = 2_000


def work_s() -> float:
    """Processor seconds for messages that are made, written as JSON and hashed; the best of some tries."""
    return min(_try_s() for _ in range(_TRIES))


def leave(results: Path) -> None:
    """This machine's figure, for the guest."""
    (results / FILE_NAME).write_text(str(work_s()), encoding="ascii")


def times_the_machine(results: Path) -> float:
    """How many times as long as the machine under it a guest's processor takes."""
    return work_s() / float((results / FILE_NAME).read_text(encoding="ascii"))


def _try_s() -> float:
    begun_s = time.process_time()
    for number in range(_MESSAGES):
        seed = number.to_bytes(8, "big")
        hashlib.sha1(json.dumps({"job": number, "report": seed.hex()}).encode(), usedforsecurity=False).digest()
    return time.process_time() - begun_s
