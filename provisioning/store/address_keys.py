"""The directory of the keys of mail addresses: `ID.key`, 32 bytes each, for every role that handles addresses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import ClassVar, Final

from provisioning.errors import VaultError
from provisioning.secret_files import KEY_BYTES
from provisioning.store.named_keys import NamedKeys

FIRST: Final = "address-1"
"""What the first key is called, and the one of rows that are older than names."""


@dataclass
class AddressKeyAway(VaultError):
    """The key `key_id` of mail addresses is not here, or cannot be read; what is under it stays closed."""

    key_id: str


class AddressKeys(NamedKeys):
    """Symmetric keys: what a row is sealed and hashed under is what opens it."""

    SETTING: ClassVar = "keys.address_directory"
    LISTED: ClassVar = "key"

    def read(self, key_id: str) -> bytes:
        """As NamedKeys has it."""
        return self.private(key_id)

    def make(self, key_id: str) -> None:
        """The key by that name: as it is, or made now."""
        if not self.holds_private(key_id):
            self.write_private(key_id, secrets.token_bytes(KEY_BYTES))
