"""Mail addresses at rest: sealed, found again by a keyed hash, shown masked (R66), each under a key by name (R48).

Of the keys in the directory one is in force: whatever is stored from now on is under it. A row is opened and
compared with the key that it names, so that rows of two keys stand beside each other as long as a rotation takes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import structlog

from provisioning.errors import SettingsInvalid
from provisioning.store.address_keys import AddressKeyAway, AddressKeys
from provisioning.store.boxes import Box, derive
from provisioning.store.tables import CustomerAddress, MailCode, OutboxMail

_log: Final = structlog.get_logger("kagiya.addresses")

AddressRow = CustomerAddress | OutboxMail
"""What holds an address; one that was erased names no key and opens no more."""


@dataclass(frozen=True, slots=True)
class SealedAddress:
    """What a row keeps of an address: all of it under one key."""

    sealed_address: bytes
    address_hash: bytes
    address_key_id: str


@dataclass(frozen=True, slots=True)
class HashedCode:
    """What is kept of a code that was sent to an address."""

    code_hash: bytes
    address_key_id: str


class AddressBox:
    """Takes, opens and compares addresses with the keys of one directory."""

    def __init__(self, keys: AddressKeys) -> None:
        self.keys = keys
        self._known: dict[str, _UnderKey] = {}

    def __repr__(self) -> str:
        return "AddressBox(…)"

    def seal(self, address: str, institution_id: str) -> SealedAddress:
        """For one institution, under the key in force. Raises VaultError."""
        return self.seal_under(self._in_force(), address, institution_id)

    def seal_under(self, key_id: str, address: str, institution_id: str) -> SealedAddress:
        """The same under the key that is named. Raises AddressKeyAway."""
        key = self._key(key_id)
        return SealedAddress(key.box.seal(address.encode(), institution_id), key.hash(address), key_id)

    def open(self, row: AddressRow) -> str:
        """The address again. Raises VaultError; AddressKeyAway without the key that the row names."""
        return self._key(row.address_key_id).box.open(row.sealed_address, row.institution_id).decode()

    def is_of(self, row: AddressRow, address: str) -> bool:
        """Whether it is this address, under whichever key the row is. Raises AddressKeyAway."""
        return hmac.compare_digest(self._key(row.address_key_id).hash(address), row.address_hash)

    def are_same(self, one: AddressRow, other: AddressRow) -> bool:
        """Whether both rows have the same address. Raises as `open`."""
        if one.address_key_id == other.address_key_id:
            return one.address_hash == other.address_hash
        return self.is_of(one, self.open(other))

    def hash_code(self, code: str, address_id: str) -> HashedCode:
        """For a code that is sent to a stored address now. Raises VaultError."""
        key_id = self._in_force()
        return HashedCode(self._key(key_id).hash_code(code, address_id), key_id)

    def is_code(self, kept: MailCode, typed: str) -> bool:
        """Whether `typed` is the code that was sent; False before one was. Raises AddressKeyAway."""
        if kept.code_hash is None:
            return False
        given = self._key(kept.address_key_id).hash_code(typed, kept.address_id)
        return hmac.compare_digest(given, kept.code_hash)

    def require(self, key_id: str) -> None:
        """Raises AddressKeyAway unless this key is here."""
        self._key(key_id)

    def _in_force(self) -> str:
        try:
            return self.keys.current()
        except SettingsInvalid as invalid:
            raise _away("", invalid) from None

    def _key(self, key_id: str | None) -> _UnderKey:
        """A key that came into the directory after this process had started is found, too."""
        name = key_id or ""
        if name not in self._known:
            try:
                self._known[name] = _UnderKey.of(self.keys.read(name))
            except SettingsInvalid as invalid:
                raise _away(name, invalid) from None
        return self._known[name]


@dataclass(frozen=True, slots=True)
class _UnderKey:
    """What is derived from one key, for a purpose each."""

    box: Box
    _hash_key: bytes = field(repr=False)
    _code_key: bytes = field(repr=False)

    @staticmethod
    def of(key: bytes) -> _UnderKey:
        return _UnderKey(
            Box(key, "mail address"), derive(key, "kagiya mail address hash"), derive(key, "kagiya mail code hash")
        )

    def hash(self, address: str) -> bytes:
        """32 bytes that are equal for equal addresses and tell nothing without the key."""
        return hmac.digest(self._hash_key, address.lower().encode(), sha256)

    def hash_code(self, code: str, address_id: str) -> bytes:
        """32 bytes for a code that was sent to a stored address."""
        return hmac.digest(self._code_key, f"{address_id} {code}".encode(), sha256)


def address_columns(of: SealedAddress | AddressRow) -> dict[str, Any]:
    """For a new row: the address with its hash and its key, never one without the others."""
    return {
        "sealed_address": of.sealed_address,
        "address_hash": of.address_hash,
        "address_key_id": of.address_key_id,
    }


def _away(key_id: str, invalid: SettingsInvalid) -> AddressKeyAway:
    """Whoever asked hears only that it is refused; the operator finds the file and what is wrong with it."""
    _log.warning("address key refused", problem=str(invalid))
    return AddressKeyAway(key_id)
