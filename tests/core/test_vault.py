"""Seeds at rest: bound to their row, opened only where the private key is (R47, R51)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select, update

from provisioning.errors import VaultError
from provisioning.jobs.verify import Reason, VerifyCommand, verify
from provisioning.services import Services
from provisioning.store.audit import SYSTEM
from provisioning.store.tables import AuditEntry, Credential, Customer
from provisioning.store.vault import KeyFileOpener, PublicKeySealer, SeedContext
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential

CONTEXT = SeedContext("dual", "c" * 32, 1)
SEED = bytes(range(20))


@pytest.fixture
def keys() -> tuple[PublicKeySealer, KeyFileOpener]:
    private = X25519PrivateKey.generate()
    return PublicKeySealer("kek-1", private.public_key()), KeyFileOpener({"kek-1": private})


def test_a_seed_comes_back_and_each_sealing_differs(keys: tuple[PublicKeySealer, KeyFileOpener]) -> None:
    sealer, opener = keys
    first, second = sealer.seal(SEED, CONTEXT), sealer.seal(SEED, CONTEXT)
    assert first != second
    assert SEED not in first.sealed_seed
    assert opener.open(first, CONTEXT) == opener.open(first, CONTEXT) == SEED


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(CONTEXT, institution_id="other"),
        replace(CONTEXT, credential_id="d" * 32),
        replace(CONTEXT, seed_version=2),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_another_context_does_not_open(
    keys: tuple[PublicKeySealer, KeyFileOpener], elsewhere: SeedContext, cached: bool
) -> None:
    sealer, opener = keys
    sealed = sealer.seal(SEED, CONTEXT)
    if cached:
        opener.open(sealed, CONTEXT)
    with pytest.raises(VaultError):
        opener.open(sealed, elsewhere)


def test_any_changed_bit_does_not_open(keys: tuple[PublicKeySealer, KeyFileOpener]) -> None:
    sealer, opener = keys
    sealed = sealer.seal(SEED, CONTEXT)
    for seed in _spoilt(sealed.sealed_seed):
        with pytest.raises(VaultError):
            opener.open(replace(sealed, sealed_seed=seed), CONTEXT)
    for key in _spoilt(sealed.wrapped_key):
        with pytest.raises(VaultError):
            opener.open(replace(sealed, wrapped_key=key), CONTEXT)
    assert opener.open(sealed, CONTEXT) == SEED
    with pytest.raises(VaultError):
        opener.open(replace(sealed, kek_id="kek-2"), CONTEXT)


def _spoilt(blob: bytes) -> list[bytes]:
    """Every byte changed in turn, and cut short."""
    changed = [blob[:index] + bytes([blob[index] ^ 1]) + blob[index + 1 :] for index in range(len(blob))]
    return [*changed, b"", blob[:5], blob[:-1]]


def test_the_cache_is_bounded(keys: tuple[PublicKeySealer, KeyFileOpener]) -> None:
    sealer, opener = keys
    opener.cache_size = 2
    sealed = [sealer.seal(SEED, CONTEXT) for _ in range(4)]
    for one in (*sealed, *sealed):
        assert opener.open(one, CONTEXT) == SEED
    assert len(opener._cache) == 2


def test_swapped_ciphertext_between_rows_fails_and_counts_nothing(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    ours, theirs = give_token(services, customer_a, now), give_token(services, customer_b, now)
    row = read_credential(services, theirs)
    with services.store.write() as tx:
        stolen = update(Credential).where(Credential.id == ours.credential_id)
        tx.execute(stolen.values(sealed_seed=row.sealed_seed, wrapped_key=row.wrapped_key, kek_id=row.kek_id))
    with pytest.raises(VaultError):
        submit(services, ours, theirs.code(now), now)
    assert read_credential(services, ours).failures == 0
    with services.store.read() as tx:
        assert tx.scalars(select(AuditEntry).where(AuditEntry.act == "verify")).all() == []


@sqlite_only
def test_a_process_without_the_private_key_verifies_nothing(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    blind = replace(services, opener=None)
    with pytest.raises(VaultError):
        submit(blind, token, token.code(now), now)
    assert submit(services, token, token.wrong(now), now) is Reason.WRONG


def test_no_secret_shows_in_repr(
    services: Services, customer_a: Customer, now: datetime, keys: tuple[PublicKeySealer, KeyFileOpener]
) -> None:
    token = give_token(services, customer_a, now)
    command = VerifyCommand("dual", token.user_id, token.code(now), SYSTEM)
    shown = repr((services, command, keys[1]))
    assert token.code(now) not in shown
    assert services.settings.vault.private_key is not None
    assert repr(services.settings.vault.private_key) not in shown


def submit(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now).reason
