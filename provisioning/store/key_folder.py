"""The directory of the vault's key-encryption keys.

`ID.pub` is the public half (every role needs it), `ID.key` the private half where it is a file (role verifier),
`current` holds the id that seeds are sealed under from now on. `access.sealed` is no key: it is what access codes
follow from (provisioning.store.access_codes), sealed under one of the keys (role verifier).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Final

from provisioning.secret_files import KEY_BYTES, read_public_key, read_secret
from provisioning.store.named_keys import ID, NamedKeys

POINT_BYTES: Final = 65
"""An uncompressed P-256 point: the public half of a key inside a hardware security module."""

_ACCESS: Final = re.compile(
    rf"kagiya access secret 1\n"
    rf"under ({ID.pattern})\n"
    # the point that HPKE sends along, and a data key with its tag
    rf"key ([0-9a-f]{{{2 * (KEY_BYTES + 48)}}}|[0-9a-f]{{{2 * (POINT_BYTES + 48)}}})\n"
    # nonce, secret, tag
    rf"secret ([0-9a-f]{{{2 * (12 + KEY_BYTES + 16)}}})"
)
_ACCESS_MEND: Final = (
    "Put it back from the backup of the keys: no device that is locked opens without it. "
    "A vault of an older version has none: `kagiya key access-secret` draws it."
)


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

    @property
    def access_file(self) -> Path:
        """What access codes follow from."""
        return self.directory / "access.sealed"

    def sealed_access(self) -> tuple[str, bytes, bytes]:
        """Of that file the key's id, the wrapped data key, and the secret under it."""
        found = _ACCESS.fullmatch(read_secret(self._file, self.SETTING, self.access_file, _ACCESS_MEND))
        if found is None:
            self._fail(f"{self.access_file} is not as we write it", _ACCESS_MEND)
        kek_id, wrapped_key, secret = found.groups()
        return kek_id, bytes.fromhex(wrapped_key), bytes.fromhex(secret)

    def write_sealed_access(self, kek_id: str, wrapped_key: bytes, secret: bytes) -> Path:
        """In one step, in place of what was there."""
        text = f"kagiya access secret 1\nunder {kek_id}\nkey {wrapped_key.hex()}\nsecret {secret.hex()}"
        self._replace_secret(self.access_file, text)
        return self.access_file
