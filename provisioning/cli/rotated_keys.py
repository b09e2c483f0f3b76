"""What `kagiya key rotate`, `status` and `retire` work on: the vault's keys, or those of mail addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.orm import Session

from provisioning import logs
from provisioning.cli.compose import build_services, operator_services, seed_opener
from provisioning.cli.start_up import refuse_unsafe_store
from provisioning.errors import HsmAway, HsmFault
from provisioning.jobs.retire_kek import retire_kek
from provisioning.jobs.retire_key import RetireKeyCommand
from provisioning.jobs.rotate_address_key import retire_address_key, rotate_address_key
from provisioning.jobs.rotate_kek import rotate_kek
from provisioning.jobs.rotate_key import KeyPurpose, Rotated, RotateKeyCommand
from provisioning.jobs.ticket_box import address_box
from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.settings import LogLevel
from provisioning.settings_file import load_settings
from provisioning.store.address_keys import AddressKeys
from provisioning.store.address_rows import count_by_address_key, keys_of_addresses
from provisioning.store.hsm import Token
from provisioning.store.kek import PublicKek
from provisioning.store.kek_making import make_kek
from provisioning.store.key_folder import KeyFolder
from provisioning.store.named_keys import NamedKeys
from provisioning.store.wrapped_rows import count_under_keks


class Place(StrEnum):
    """Where the secret of a key is."""

    FILE = "file"
    TOKEN = "token"


_UNKNOWN: Final = "unknown here"


class KeysAtWork(Protocol):
    """The keys of one purpose, of a server that may be running."""

    @property
    def services(self) -> Services:
        """Of the process."""
        ...

    @property
    def purpose(self) -> KeyPurpose:
        """For the names of its parts."""
        ...

    @property
    def keys(self) -> NamedKeys:
        """Their directory."""
        ...

    def maker(self, key_id: str, place: Place | None) -> Callable[[], Path]:
        """Makes the key unless it is there; the answer is the file that other machines need. Raises HsmAway."""
        ...

    def rotate(self, command: RotateKeyCommand, now: datetime) -> Rotated:
        """Move every row."""
        ...

    def retire(self, command: RetireKeyCommand, now: datetime) -> None:
        """Take a key away."""
        ...

    def count(self, tx: Session) -> dict[str, dict[str, int]]:
        """Key id → table → rows."""
        ...

    def to_move(self, tx: Session) -> set[str]:
        """The keys of rows that a rotation moves."""
        ...

    def place_of(self, key_id: str) -> str:
        """Where its secret is, as far as it is known here."""
        ...


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """As KeysAtWork has it: key-encryption keys."""

    services: Services

    @property
    def purpose(self) -> KeyPurpose:
        return KeyPurpose.KEK

    @property
    def keys(self) -> KeyFolder:
        return self.services.sealer.keys

    def maker(self, key_id: str, place: Place | None) -> Callable[[], Path]:
        keys, token = self.keys, self._token() if self._is_in_token(key_id, place) else None

        def make() -> Path:
            make_kek(keys, key_id, token)
            return keys.directory / f"{key_id}.pub"

        return make

    def rotate(self, command: RotateKeyCommand, now: datetime) -> Rotated:
        return rotate_kek(self.services, command, now)

    def retire(self, command: RetireKeyCommand, now: datetime) -> None:
        retire_kek(self.services, command, now)

    def count(self, tx: Session) -> dict[str, dict[str, int]]:
        return count_under_keks(tx, self.keys)

    def to_move(self, tx: Session) -> set[str]:
        return set(self.count(tx))

    def place_of(self, key_id: str) -> str:
        if key_id not in self.keys.ids():
            return _UNKNOWN
        if PublicKek(key_id, self.keys.public(key_id)).in_token:
            return Place.TOKEN
        return Place.FILE if self.keys.holds_private(key_id) else "elsewhere"

    def _is_in_token(self, key_id: str, place: Place | None) -> bool:
        if key_id in self.keys.ids() or place is Place.FILE:
            return False
        assert self.services.opener is not None
        has_token = self.services.opener.token is not None
        return place is Place.TOKEN or (has_token and not self.keys.holds_private(key_id))

    def _token(self) -> Token:
        assert self.services.opener is not None
        if self.services.opener.token is None:
            raise HsmAway(HsmFault.TOKEN)
        return self.services.opener.token


@dataclass(frozen=True, slots=True)
class KeysOfAddresses:
    """As KeysAtWork has it: keys of mail addresses, which are files."""

    services: Services

    @property
    def purpose(self) -> KeyPurpose:
        return KeyPurpose.ADDRESS

    @property
    def keys(self) -> AddressKeys:
        return address_box(self.services).keys

    def maker(self, key_id: str, place: Place | None) -> Callable[[], Path]:
        if place is Place.TOKEN:
            raise HsmAway(HsmFault.TOKEN)

        def make() -> Path:
            self.keys.make(key_id)
            return self.keys.directory / f"{key_id}.key"

        return make

    def rotate(self, command: RotateKeyCommand, now: datetime) -> Rotated:
        return rotate_address_key(self.services, command, now)

    def retire(self, command: RetireKeyCommand, now: datetime) -> None:
        retire_address_key(self.services, command, now)

    def count(self, tx: Session) -> dict[str, dict[str, int]]:
        return count_by_address_key(tx)

    def to_move(self, tx: Session) -> set[str]:
        return keys_of_addresses(tx)

    def place_of(self, key_id: str) -> str:
        return Place.FILE if self.keys.holds_private(key_id) else _UNKNOWN


@contextmanager
def keys_at_work(settings_file: Path, purpose: KeyPurpose, *, writes: bool) -> Iterator[KeysAtWork]:
    """`writes`: with private halves, and a token that may be written to. Raises SettingsInvalid."""
    if purpose is KeyPurpose.ADDRESS:
        with _serving(settings_file, Role.WORKER) as services:
            yield KeysOfAddresses(services)
    elif writes:
        with _serving(settings_file, Role.VERIFIER) as services:
            opener = seed_opener(services.settings.vault, services.sealer.keys, writes=True)
            try:
                yield VaultKeys(replace(services, opener=opener))
            finally:
                if opener.token is not None:
                    opener.token.close()
    else:
        services = operator_services(settings_file)
        try:
            yield VaultKeys(services)
        finally:
            services.store.close()


@contextmanager
def _serving(settings_file: Path, role: Role) -> Iterator[Services]:
    settings = load_settings(settings_file, {role})
    logs.configure(LogLevel.WARNING)
    services = build_services(settings, {role})
    try:
        refuse_unsafe_store(str(settings_file), services)
        yield services
    finally:
        services.store.close()
