"""The top collections of a HID report descriptor (HID 1.11, 6.2.2): what an operating system lists of a node."""

from __future__ import annotations

_USAGE_PAGE = 0x04
_USAGE = 0x08
_COLLECTION = 0xA0
_END_COLLECTION = 0xC0
_LONG_ITEM = 0xFE


def top_usages(descriptor: bytes) -> tuple[tuple[int, int], ...]:
    """(usage page, usage) of each top collection, in order."""
    found: list[tuple[int, int]] = []
    page = usage = depth = place = 0
    while place < len(descriptor):
        prefix = descriptor[place]
        if prefix == _LONG_ITEM:
            place += 3 + descriptor[place + 1]
            continue
        size = (0, 1, 2, 4)[prefix & 3]
        value = int.from_bytes(descriptor[place + 1 : place + 1 + size], "little")
        place += 1 + size
        item = prefix & 0xFC
        if item == _USAGE_PAGE:
            page = value
        elif item == _USAGE:
            usage = value
        elif item == _COLLECTION:
            if depth == 0:
                found.append((page, usage))
            depth += 1
        elif item == _END_COLLECTION:
            depth -= 1
    return tuple(found)
