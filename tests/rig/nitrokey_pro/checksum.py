"""The CRC unit of an STM32: polynomial 04C11DB7, begun with FFFFFFFF, fed with little-endian words."""

from __future__ import annotations

import struct


def checksum(data: bytes) -> int:
    """32 bits over whole words."""
    crc = 0xFFFF_FFFF
    for (word,) in struct.iter_unpack("<I", data):
        crc ^= word
        for _ in range(32):
            crc = (crc << 1 ^ (0x04C1_1DB7 if crc & 0x8000_0000 else 0)) & 0xFFFF_FFFF
    return crc
