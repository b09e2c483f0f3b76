"""What locks a device against everybody but our stations: one code per device, made anew whenever it is needed.

None is stored. Each follows from one secret and the device's profile and serial number. The secret is sealed by
the vault and lies in a file beside its keys, not in a row: a lost database locks nobody out, and whoever cannot
open seeds cannot open a device either.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioning.errors import SettingsInvalid
from provisioning.private_memory import overwrite
from provisioning.store.boxes import KEY_BYTES, derive
from provisioning.store.kek import PublicKek
from provisioning.store.key_folder import KeyFolder
from provisioning.store.vault import SealedSeed, SeedContext, SeedOpener, SeedSealer, refused

CONTEXT: Final = SeedContext("access codes", "secret", 1)
"""Of the secret alone; nothing else is sealed in it."""


def access_code(secret: bytes | bytearray, profile: str, serial: str) -> bytes:
    """The device's 32 bytes; a driver takes from them what its device needs.

    HKDF-SHA-256 (RFC 5869) without salt, info `kagiya access code 1\\nPROFILE\\nSERIAL`.
    """
    return derive(secret, f"kagiya access code 1\n{profile}\n{serial}")


@dataclass(frozen=True, slots=True)
class AccessSecret:
    """The secret behind all of them, as it lies in the vault's directory."""

    keys: KeyFolder

    def draw(self, sealer: SeedSealer) -> Path:
        """A new one, known to nobody. Raises FileExistsError: devices are locked under the one that is there."""
        if self.keys.access_file.exists():
            raise FileExistsError(str(self.keys.access_file))
        return self._write(sealer.seal(secrets.token_bytes(KEY_BYTES), CONTEXT))

    def sealed(self) -> SealedSeed:
        """As the file has it. Raises SettingsInvalid."""
        kek_id, wrapped_key, secret = self.keys.sealed_access()
        return SealedSeed(secret, wrapped_key, kek_id)

    def code(self, opener: SeedOpener, profile: str, serial: str) -> bytes:
        """As `access_code`; the secret is open for that moment. Raises VaultError, HsmAway."""
        try:
            sealed = self.sealed()
        except SettingsInvalid as invalid:
            raise refused(invalid) from None
        secret = opener.open(sealed, CONTEXT)
        try:
            return access_code(secret, profile, serial)
        finally:
            overwrite(secret)

    def rewrap(self, opener: SeedOpener, kek: PublicKek) -> None:
        """It comes under another key, and stays closed. Raises SettingsInvalid, VaultError, HsmAway."""
        sealed = self.sealed()
        if sealed.kek_id != kek.kek_id:
            self._write(opener.rewrap(sealed, CONTEXT, kek))

    def count_by_kek(self) -> dict[str, dict[str, int]]:
        """Key id → file, as rows are counted; nothing where there is none. Raises SettingsInvalid."""
        file = self.keys.access_file
        return {self.sealed().kek_id: {file.name: 1}} if file.exists() else {}

    def _write(self, sealed: SealedSeed) -> Path:
        return self.keys.write_sealed_access(sealed.kek_id, sealed.wrapped_key, sealed.sealed_seed)
