"""The YubiKey's CRC: ISO 13239, reflected polynomial 8408, begun with FFFF, nothing done at the end."""

from __future__ import annotations

from typing import Final

RESIDUE: Final = 0xF0B8
"""What comes out over data that is followed by the complement of its CRC."""


def checksum(data: bytes) -> int:
    """16 bits."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x8408 if crc & 1 else 0)
    return crc


def with_checksum(data: bytes) -> bytes:
    """`data` and the complement of its CRC, as answers carry it."""
    return data + (checksum(data) ^ 0xFFFF).to_bytes(2, "little")
