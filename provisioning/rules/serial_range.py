"""Ranges of serial numbers: fobs come in boxes, numbered one after another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provisioning.errors import BadInput, InputFault

MAX_RANGE: Final = 1000
"""Fobs of one box at most."""
_SERIAL: Final = re.compile(r"(?P<prefix>(?:[0-9A-Z][0-9A-Z-]*?)??)(?P<number>[0-9]{1,18})")
_MAX_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class SerialRange:
    """Numbers `first` to `last` behind a common prefix, written with `width` digits."""

    prefix: str
    width: int
    first: int
    last: int

    def serials(self) -> list[str]:
        """Every serial number, in order."""
        return [f"{self.prefix}{number:0{self.width}d}" for number in range(self.first, self.last + 1)]


def serial_range(first: str, last: str) -> SerialRange:
    """From the lowest and the highest number, in capitals. Raises BadInput("lowest" or "highest")."""
    begin, end = _parts(first, "lowest"), _parts(last, "highest")
    if begin.group("prefix") != end.group("prefix") or len(first) != len(last):
        raise BadInput("highest", InputFault.DO_NOT_MATCH)
    lowest, highest = int(begin.group("number")), int(end.group("number"))
    if highest < lowest:
        raise BadInput("highest", InputFault.NOT_OFFERED)
    if highest - lowest >= MAX_RANGE:
        raise BadInput("highest", InputFault.WRONG_LENGTH)
    return SerialRange(begin.group("prefix"), len(begin.group("number")), lowest, highest)


def _parts(serial: str, field: str) -> re.Match[str]:
    if not serial:
        raise BadInput(field, InputFault.MISSING)
    found = _SERIAL.fullmatch(serial) if len(serial) <= _MAX_LENGTH else None
    if found is None:
        raise BadInput(field, InputFault.BAD_FORM)
    return found
