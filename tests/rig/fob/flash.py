"""The fob's flash: two pages in one file, written as §8 says, so that a killed process is a loss of power.

What was written before the kill stays in the file; the page cache outlives the process.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from tests.rig.fob.otp import PARAMETER_BYTES, Credential

PAGE_BYTES: Final = 128
_BLANK_PAGE: Final = b"\xff" * PAGE_BYTES
_HELD: Final = 1
_ERASED: Final = 0
_SEED_BYTES: Final = 64
_BODY_BYTES: Final = 4 + 1 + PARAMETER_BYTES + _SEED_BYTES
_CRC_BYTES: Final = 4


class FlashStep(Enum):
    """The instants of a commit at which power may be lost."""

    BEFORE = auto()
    HALF_WRITTEN = auto()
    WITHOUT_CRC = auto()
    WRITTEN = auto()
    OLD_DESTROYED = auto()


class FlashFault(Exception):
    """The flash does not take what is written; what was there before is still there."""


@dataclass(frozen=True, slots=True)
class Record:
    """One page's content. `credential` is None in a new or erased fob."""

    generation: int = 0
    credential: Credential | None = None


class Flash:
    """Two pages, the newer valid one counts. `on_step` is called at every instant of a commit: tests cut there."""

    def __init__(self, file: Path) -> None:
        """Opens or makes the file, and finishes what a loss of power left undone."""
        self._file = file
        self.on_step: Callable[[FlashStep], None] = lambda _step: None
        self.broken = False
        if not file.exists():
            file.write_bytes(_BLANK_PAGE * 2)
            file.chmod(0o600)
        self._newest = self._start()

    @property
    def record(self) -> Record:
        """The fob's state."""
        records = self._records()
        return records[self._newest] or Record()

    def commit(self, record: Record) -> None:
        """Write the other page, read it back, destroy the page before it. Raises FlashFault."""
        if self.broken:
            raise FlashFault
        other = 1 - self._newest
        body = _body(record)
        self.on_step(FlashStep.BEFORE)
        self._write(other, 0, body[: _BODY_BYTES // 2])
        self.on_step(FlashStep.HALF_WRITTEN)
        self._write(other, _BODY_BYTES // 2, body[_BODY_BYTES // 2 :])
        self.on_step(FlashStep.WITHOUT_CRC)
        self._write(other, _BODY_BYTES, zlib.crc32(body).to_bytes(_CRC_BYTES, "big"))
        self.on_step(FlashStep.WRITTEN)
        if self._records()[other] != record:
            raise FlashFault
        self._destroy(self._newest)
        self._newest = other
        self.on_step(FlashStep.OLD_DESTROYED)

    def _start(self) -> int:
        records = self._records()
        newest = max((0, 1), key=lambda page: -1 if (found := records[page]) is None else found.generation)
        if records[1 - newest] is not None:
            self._destroy(1 - newest)
        return newest

    def _destroy(self, page: int) -> None:
        self._write(page, 0, _BLANK_PAGE)

    def _write(self, page: int, offset: int, data: bytes) -> None:
        descriptor = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(descriptor, data, page * PAGE_BYTES + offset)
        finally:
            os.close(descriptor)

    def _records(self) -> tuple[Record | None, Record | None]:
        data = self._file.read_bytes()
        return _read(data[:PAGE_BYTES]), _read(data[PAGE_BYTES : 2 * PAGE_BYTES])


def _body(record: Record) -> bytes:
    held = record.credential
    parameters = held.parameters if held else bytes(PARAMETER_BYTES)
    seed = held.seed if held else b""
    flag = _HELD if held else _ERASED
    return record.generation.to_bytes(4, "big") + bytes([flag]) + parameters + seed.ljust(_SEED_BYTES, b"\0")


def _read(page: bytes) -> Record | None:
    body = page[:_BODY_BYTES]
    if zlib.crc32(body) != int.from_bytes(page[_BODY_BYTES : _BODY_BYTES + _CRC_BYTES], "big"):
        return None
    generation = int.from_bytes(body[:4], "big")
    if body[4] != _HELD:
        return Record(generation)
    parameters = body[5 : 5 + PARAMETER_BYTES]
    seed = body[5 + PARAMETER_BYTES :][: parameters[-1]]
    return Record(generation, Credential(parameters, seed))
