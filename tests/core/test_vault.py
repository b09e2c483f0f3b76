"""Seeds at rest: bound to their row, opened only where the private key is (R47, R51)."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from provisioning.errors import VaultError
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Reason
from provisioning.services import Services
from provisioning.settings import VaultSettings
from provisioning.store.data_keys import DataKeys
from provisioning.store.key_folder import KeyFolder
from provisioning.store.tables import AuditEntry, Credential, Customer
from provisioning.store.vault import SeedContext, SeedOpener, SeedSealer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fixtures.vaults import halves_of, new_vault

CONTEXT = SeedContext("dual", "c" * 32, 1)
SEED = bytes(range(20))


@pytest.fixture(params=["shared_vault", "token_vault"])
def keys(request: pytest.FixtureRequest) -> tuple[SeedSealer, SeedOpener]:
    """With the key in a file, and inside a token."""
    return halves_of(request.getfixturevalue(request.param))


def test_a_seed_comes_back_and_each_sealing_differs(keys: tuple[SeedSealer, SeedOpener]) -> None:
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
    keys: tuple[SeedSealer, SeedOpener], elsewhere: SeedContext, cached: bool
) -> None:
    sealer, opener = keys
    sealed = sealer.seal(SEED, CONTEXT)
    if cached:
        opener.open(sealed, CONTEXT)
    with pytest.raises(VaultError):
        opener.open(sealed, elsewhere)


def test_any_changed_bit_does_not_open(keys: tuple[SeedSealer, SeedOpener]) -> None:
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


def test_data_keys_are_kept_in_bounds_of_number_and_time(keys: tuple[SeedSealer, SeedOpener]) -> None:
    clock = [0.0]
    sealer, opener = keys[0], replace(keys[1], data_keys=DataKeys(2, 300, lambda: clock[0]))
    sealed = [sealer.seal(SEED, CONTEXT) for _ in range(4)]
    for one in (*sealed, *sealed):
        assert opener.open(one, CONTEXT) == SEED
        assert len(opener.data_keys) <= 2
    clock[0] = 299.9
    opener.open(sealed[3], CONTEXT)
    assert len(opener.data_keys) == 2
    # use does not lengthen a life, and whatever is asked for, all that are too old go
    clock[0] = 300.0
    assert opener.data_keys.get("another") is None
    assert len(opener.data_keys) == 0
    # where no code comes any more, whoever asks now and then how we are makes them go
    opener.open(sealed[3], CONTEXT)
    clock[0] = 600.0
    assert opener.open_anew(sealed[3], CONTEXT) == SEED
    assert len(opener.data_keys) == 0


def test_another_keys_name_opens_nothing(token_vault: VaultSettings, tmp_path: Path) -> None:
    """Another file by the same name, the name of another key in the same directory, either form for the other."""
    sealer, opener = halves_of(token_vault)
    in_token = sealer.seal(SEED, CONTEXT)
    sealer.keys.put_in_force("kek-1")
    in_file = sealer.seal(SEED, CONTEXT)
    assert [opener.open(one, CONTEXT) for one in (in_token, in_file)] == [SEED, SEED]
    with pytest.raises(VaultError):
        halves_of(new_vault(tmp_path))[1].open(in_file, CONTEXT)
    for swapped in (replace(in_token, kek_id=in_file.kek_id), replace(in_file, kek_id=in_token.kek_id)):
        with pytest.raises(VaultError):
            opener.open(swapped, CONTEXT)


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
    services: Services, customer_a: Customer, now: datetime, keys: tuple[SeedSealer, SeedOpener]
) -> None:
    token = give_token(services, customer_a, now)
    command = VerifyCommand("dual", token.user_id, token.code(now), SYSTEM)
    shown = repr((services, command, keys[1]))
    assert token.code(now) not in shown
    private = KeyFolder(services.settings.vault.directory).private("kek-1")
    assert repr(private) not in shown
    assert private.hex() not in shown


def submit(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now).reason


def test_a_directory_that_others_could_change_is_not_used_until_it_is_mended(tmp_path: Path) -> None:
    vault = new_vault(tmp_path)
    sealer, opener = halves_of(vault)
    with capture_logs() as log:
        for name, mode in (("current", 0o666), ("kek-1.pub", 0o646), ("kek-1.key", 0o640)):
            path = vault.directory / name
            kept = path.stat().st_mode
            path.chmod(mode)
            with pytest.raises(VaultError):
                opener.open(sealer.seal(SEED, CONTEXT), CONTEXT)
            path.chmod(kept)
    assert [entry["event"] for entry in log] == ["vault refused"] * 3
    assert opener.open(sealer.seal(SEED, CONTEXT), CONTEXT) == SEED


def test_an_unknown_key_opens_nothing_and_one_that_comes_later_does(tmp_path: Path) -> None:
    """As on another machine, where the files arrive while the process runs."""
    vault = new_vault(tmp_path)
    sealer, _ = halves_of(vault)
    sealed = sealer.seal(SEED, CONTEXT)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(vault.directory, elsewhere)
    (elsewhere / "kek-1.key").unlink()
    _, opener = halves_of(VaultSettings(elsewhere))
    with pytest.raises(VaultError):
        opener.open(sealed, CONTEXT)
    shutil.copy(vault.directory / "kek-1.key", elsewhere)
    assert opener.open(sealed, CONTEXT) == SEED
