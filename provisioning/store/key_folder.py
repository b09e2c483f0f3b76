"""The directory of the vault's key-encryption keys.

`ID.pub` is the public half (every role needs it), `ID.key` the private half where it is a file (role verifier),
`current` holds the id that seeds are sealed under from now on.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

from provisioning.secret_files import KEY_BYTES, read_public_key
from provisioning.store.named_keys import NamedKeys

POINT_BYTES: Final = 65
"""An uncompressed P-256 point: the public half of a key inside a hardware security module."""


class KeyFolder(NamedKeys):
    """Pairs of keys, whose private half may be elsewhere."""

    SETTING: ClassVar = "vault.directory"
    LISTED: ClassVar = "pub"

    def read(self, key_id: str) -> bytes:
        """As NamedKeys has it."""
        return self.public(key_id)

    def public(self, kek_id: str) -> bytes:
        """The public half: 32 bytes of X25519, or 65 of P-256."""
        return read_public_key(self._file, self.SETTING, self._named(kek_id, "pub"), (KEY_BYTES, POINT_BYTES))

    def write_public(self, kek_id: str, public: bytes) -> Path:
        """A new file of the public half, on the disk for good. Raises FileExistsError."""
        file = self._named(kek_id, "pub")
        if file.exists():
            raise FileExistsError(str(file))
        self._replace(file, public.hex())
        return file
