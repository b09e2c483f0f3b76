"""Status bytes of responses and answers (§1)."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Why the fob did or did not do it."""

    OK = 0x00
    FRAME = 0x01
    UNKNOWN = 0x02
    BAD_FORM = 0x03
    OUT_OF_LIMITS = 0x04
    NO_SESSION = 0x05
    SESSION_BROKEN = 0x06
    LOW_BATTERY = 0x07
    CLOCK_FAULT = 0x08
    NOTHING_STAGED = 0x09
    NOT_PROVED = 0x0A
    WRONG_GENERATION = 0x0B
    NOT_ALLOWED = 0x0C
    EMPTY_SLOT = 0x0D
    FLASH_FAULT = 0x0E


class Refusal(Exception):
    """The fob answers with `status` and no body."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status
