"""A key-encryption key that nothing is under any more is taken away, also out of a token (R48)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from provisioning.errors import HsmAway, HsmFault, VaultError
from provisioning.jobs.retire_key import RetireKeyCommand, Retirement, retire_key
from provisioning.jobs.rotate_key import KeyPurpose
from provisioning.services import Services
from provisioning.store.kek import PublicKek
from provisioning.store.vault import SeedOpener
from provisioning.store.wrapped_rows import count_under_keks


def retire_kek(services: Services, command: RetireKeyCommand, now: datetime) -> None:
    """Raises NotFound; WrongState while it is in force or anything is under it; TooEarly; HsmAway; VaultError."""
    keys, opener = services.sealer.keys, services.opener
    if opener is None:
        raise VaultError

    def count(tx: Session) -> dict[str, dict[str, int]]:
        return count_under_keks(tx, keys)

    def destroy(kek_id: str) -> None:
        _destroy(opener, PublicKek(kek_id, keys.public(kek_id)))

    retire_key(services, Retirement(KeyPurpose.KEK, keys, count, destroy), command, now)


def _destroy(opener: SeedOpener, kek: PublicKek) -> None:
    if not kek.in_token:
        return
    if opener.token is None:
        raise HsmAway(HsmFault.TOKEN)
    opener.token.destroy(kek.kek_id)
