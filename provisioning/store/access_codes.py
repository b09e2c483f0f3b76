"""What locks a device against everybody but our stations: one secret per device, made anew whenever it is needed.

Nothing of it is stored. It follows from one key and the device's profile and serial number, so that a device can
still be opened when the database is lost; the key alone opens every device and belongs beside the vault's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioning.store.boxes import derive


@dataclass(frozen=True)
class AccessCodes:
    """`key` is 32 bytes."""

    key: bytes = field(repr=False)

    def of(self, profile: str, serial: str) -> bytes:
        """The device's 32 bytes; a driver takes from them what its device needs.

        HKDF-SHA-256 (RFC 5869) without salt, info `kagiya access code 1\\nPROFILE\\nSERIAL`.
        """
        return derive(self.key, f"kagiya access code 1\n{profile}\n{serial}")
