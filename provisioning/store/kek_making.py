"""Making a key-encryption key, in a file or inside a token; what was cut off is finished, and no key replaced."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from provisioning.store.hsm import Token
from provisioning.store.kek import PublicKek
from provisioning.store.key_folder import KeyFolder


def make_kek(keys: KeyFolder, kek_id: str, token: Token | None) -> PublicKek:
    """The key by that name: as it is, or made now; inside `token` if there is one. Its public half comes last.

    Raises HsmAway, SettingsInvalid.
    """
    if kek_id not in keys.ids():
        keys.write_public(kek_id, _in_file(keys, kek_id) if token is None else _in_token(token, kek_id))
    return PublicKek(kek_id, keys.public(kek_id))


def _in_file(keys: KeyFolder, kek_id: str) -> bytes:
    if not keys.holds_private(kek_id):
        keys.write_private(kek_id, X25519PrivateKey.generate().private_bytes_raw())
    return X25519PrivateKey.from_private_bytes(keys.private(kek_id)).public_key().public_bytes_raw()


def _in_token(token: Token, kek_id: str) -> bytes:
    return token.public(kek_id) if token.has(kek_id) else token.make(kek_id)
