"""Another key-encryption key while codes are verified; a former one goes only when nothing is under it (R48)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from provisioning.errors import HsmAway, HsmFault, NotFound, TooEarly, VaultError, WrongState
from provisioning.jobs.imported_seeds import context_of_fob
from provisioning.jobs.retire_kek import retire_kek
from provisioning.jobs.retire_key import REST, RetireKeyCommand
from provisioning.jobs.rotate_kek import rotate_kek
from provisioning.jobs.rotate_key import BATCH, Rotated, RotateKeyCommand
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.parameters import Algorithm, OtpType
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.settings import VaultSettings
from provisioning.store.access_codes import AccessSecret
from provisioning.store.hsm import Token as Hsm
from provisioning.store.kek_making import make_kek
from provisioning.store.key_folder import KeyFolder
from provisioning.store.tables import AuditEntry, Base, Credential, Customer, Fob, ImportedSeed
from provisioning.store.vault import SeedOpener
from provisioning.store.wrapped_rows import TABLES, count_by_kek, exchange, under_others
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.fixtures.softhsm import TOKEN_KEK, SoftToken
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fixtures.vaults import device_code, halves_of, halves_with, new_vault

OLD, NEW = "kek-1", "kek-2"
SEED = bytes(range(20))


@pytest.fixture
def vaulted(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Services:
    """With a vault of this test's own."""
    sealer, opener = halves_of(new_vault(tmp_path_factory.mktemp("own")))
    return replace(services, sealer=sealer, opener=opener)


@pytest.fixture
def tokens(vaulted: Services, now: datetime) -> list[Token]:
    """Three customers' tokens."""
    customers = [add_customer(vaulted, f"12345678010{number}", "dual") for number in range(3)]
    return [give_token(vaulted, customer, now) for customer in customers]


def make(services: Services, kek_id: str = NEW) -> KeyFolder:
    make_kek(services.sealer.keys, kek_id, None)
    return services.sealer.keys


def rotate(services: Services, now: datetime, kek_id: str = NEW) -> Rotated:
    return rotate_kek(services, RotateKeyCommand(kek_id, SYSTEM), now)


def accepted(services: Services, token: Token, now: datetime) -> bool:
    command = VerifyCommand("dual", token.user_id, token.code(now), SYSTEM)
    return verify(services, command, now).outcome is Outcome.ACCEPTED


def rows(services: Services) -> dict[str, dict[str, int]]:
    with services.store.read() as tx:
        return count_by_kek(tx)


def test_every_table_that_names_a_key_is_rotated() -> None:
    naming = {table.name for table in Base.metadata.tables.values() if "kek_id" in table.columns}
    assert naming == {table.__tablename__ for table in TABLES}


def test_every_row_is_wrapped_anew_and_opens(vaulted: Services, tokens: list[Token], now: datetime) -> None:
    fob = add_imported(vaulted, now)
    first, second, ended = tokens
    with vaulted.store.write() as tx:
        nothing = {"sealed_seed": None, "wrapped_key": None, "kek_id": None, "state": CredentialState.ENDED}
        tx.execute(update(Credential).where(Credential.id == ended.credential_id).values(**nothing))
    assert accepted(vaulted, first, now)
    assert rows(vaulted) == {OLD: {"credential": 2, "imported_seed": 1}}
    make(vaulted)
    assert rotate(vaulted, now) == Rotated(3, ())
    assert rows(vaulted) == {NEW: {"credential": 2, "imported_seed": 1}}
    assert vaulted.sealer.in_force().kek_id == NEW
    # another process, which knows nothing of before
    fresh = replace(vaulted, opener=SeedOpener(vaulted.sealer.keys))
    (vaulted.sealer.keys.directory / f"{OLD}.key").unlink()
    assert accepted(fresh, second, now)
    assert accepted(fresh, first, now + timedelta(minutes=1))
    with fresh.store.read() as tx:
        seed = tx.get_one(ImportedSeed, fob.id)
        assert opened(fresh, seed) == SEED
        entries = tx.scalars(select(AuditEntry).where(AuditEntry.act == "rotate_kek").order_by(AuditEntry.id))
        told = [(entry.result, entry.facts) for entry in entries]
    assert told == [("begun", {"kek_id": NEW}), ("done", {"kek_id": NEW, "wrapped": 3, "unopened": 0})]
    assert rotate(fresh, now) == Rotated(0, ())


def test_access_codes_stay_as_they_are(vaulted: Services, now: datetime) -> None:
    keys, before = make(vaulted), device_code(vaulted, "yubikey-5", "12345678")
    secret = AccessSecret(keys).sealed()
    assert secret.kek_id == OLD
    rotate(vaulted, now)
    moved = AccessSecret(keys).sealed()
    assert (moved.kek_id, moved.sealed_seed) == (NEW, secret.sealed_seed)
    (keys.directory / f"{OLD}.key").unlink()
    assert stat.S_IMODE(keys.access_file.stat().st_mode) == 0o600
    fresh = replace(vaulted, opener=SeedOpener(keys))
    assert device_code(fresh, "yubikey-5", "12345678") == before


@sqlite_only
def test_a_secret_that_cannot_be_opened_is_named_and_seeds_do_not_wait(
    vaulted: Services, tokens: list[Token], now: datetime
) -> None:
    keys = make(vaulted)
    spoilt = AccessSecret(keys).sealed()
    keys.write_sealed_access(OLD, spoilt.wrapped_key[::-1], spoilt.sealed_seed)
    assert rotate(vaulted, now) == Rotated(3, ("access.sealed",))
    assert AccessSecret(keys).sealed().kek_id == OLD
    with vaulted.store.read() as tx:
        entries = tx.scalars(select(AuditEntry).where(AuditEntry.act == "rotate_kek").order_by(AuditEntry.id))
        assert [entry.result for entry in entries] == ["begun", "incomplete"]


def add_imported(services: Services, now: datetime) -> Fob:
    fob = add_fob(services, "KF-900", "dual")
    sealed = services.sealer.seal(SEED, context_of_fob("dual", fob.id))
    with services.store.write() as tx:
        tx.add(
            ImportedSeed(
                fob_id=fob.id,
                institution_id="dual",
                otp_type=OtpType.TOTP,
                algorithm=Algorithm.SHA1,
                digits=8,
                period_s=60,
                next_counter=0,
                drift_steps=0,
                sealed_seed=sealed.sealed_seed,
                wrapped_key=sealed.wrapped_key,
                kek_id=sealed.kek_id,
                imported_at=now,
            )
        )
    return fob


def opened(services: Services, imported: ImportedSeed) -> bytes:
    from provisioning.jobs.imported_seeds import open_imported

    return open_imported(services, imported)


def test_codes_are_verified_and_seeds_sealed_between_any_two_batches(
    vaulted: Services, tokens: list[Token], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.jobs.rotate_key.BATCH", 1)
    make(vaulted)
    other = replace(vaulted, sealer=replace(vaulted.sealer), opener=SeedOpener(vaulted.sealer.keys))
    at = [now]
    born: list[Token] = []

    def meanwhile(_wrapped: int) -> None:
        at[0] += timedelta(minutes=1)
        if len(born) < 2:
            customer = add_customer(other, f"12345678020{len(born)}", "dual")
            born.append(give_token(other, customer, at[0]))
        assert all(accepted(other, token, at[0]) for token in (*tokens, *born))

    done = rotate_kek(vaulted, RotateKeyCommand(NEW, SYSTEM, meanwhile), now)
    assert len(born) == 2
    assert done == Rotated(3, ())
    assert rows(vaulted) == {NEW: {"credential": 5}}


def test_what_was_sealed_under_the_old_key_meanwhile_is_wrapped_too(
    vaulted: Services, tokens: list[Token], now: datetime
) -> None:
    """By a process on another machine, whose directory still says so."""
    keys = make(vaulted)
    late: list[Token] = []

    def meanwhile(_wrapped: int) -> None:
        if not late:
            keys.put_in_force(OLD)
            late.append(give_token(vaulted, add_customer(vaulted, "123456780300", "dual"), now))
            keys.put_in_force(NEW)

    assert rotate_kek(vaulted, RotateKeyCommand(NEW, SYSTEM, meanwhile), now).moved == 4
    assert rows(vaulted) == {NEW: {"credential": 4}}


@sqlite_only
def test_a_row_that_cannot_be_opened_is_named_and_left(
    vaulted: Services, tokens: list[Token], now: datetime
) -> None:
    spoilt, *sound = tokens
    with vaulted.store.write() as tx:
        this = update(Credential).where(Credential.id == spoilt.credential_id)
        tx.execute(this.values(wrapped_key=b"spoilt"))
    make(vaulted)
    assert rotate(vaulted, now) == Rotated(2, (spoilt.credential_id,))
    assert read_credential(vaulted, spoilt).kek_id == OLD
    assert all(accepted(vaulted, token, now) for token in sound)


@sqlite_only
def test_a_seed_that_was_destroyed_meanwhile_stays_destroyed(
    vaulted: Services, tokens: list[Token], now: datetime
) -> None:
    make(vaulted)
    with vaulted.store.read() as tx:
        found = under_others(tx, Credential, NEW, "", BATCH)
    row = found[0]
    assert isinstance(row, Credential)
    assert vaulted.opener is not None
    from provisioning.jobs.ask_verifier import context_of, sealed_of

    before = sealed_of(row)
    fresh = vaulted.opener.rewrap(before, context_of(row), vaulted.sealer.in_force())
    with vaulted.store.write() as tx:
        nothing = {"sealed_seed": None, "wrapped_key": None, "kek_id": None}
        tx.execute(update(Credential).where(Credential.id == row.id).values(**nothing))
    with vaulted.store.write() as tx:
        exchange(tx, row, before, fresh)
    with vaulted.store.read() as tx:
        assert tx.get_one(Credential, row.id).wrapped_key is None


@sqlite_only
def test_only_the_verifier_role_rotates(vaulted: Services, now: datetime) -> None:
    keys = make(vaulted)
    with pytest.raises(VaultError):
        rotate(replace(vaulted, opener=None), now)
    with pytest.raises(VaultError):
        retire_kek(replace(vaulted, opener=None), RetireKeyCommand(NEW, SYSTEM), now)
    # halves of different keys: nothing is wrapped to what does not open
    (keys.directory / f"{NEW}.key").write_bytes((keys.directory / f"{OLD}.key").read_bytes())
    with pytest.raises(VaultError):
        rotate(vaulted, now)
    assert keys.current() == OLD


@sqlite_only
def test_a_key_goes_when_it_has_rested_and_nothing_names_it(
    vaulted: Services, tokens: list[Token], now: datetime
) -> None:
    keys = make(vaulted)
    clock = datetime.now(UTC)

    def retire(kek_id: str, at: datetime) -> None:
        retire_kek(vaulted, RetireKeyCommand(kek_id, SYSTEM), at)

    with pytest.raises(WrongState):
        retire(OLD, clock + REST)
    keys.put_in_force(NEW)
    with pytest.raises(WrongState):
        retire(OLD, clock + REST * 2)
    secret = AccessSecret(keys).sealed()
    rotate(vaulted, now)
    # an old copy came back: no row is under that key, but what access codes follow from
    moved = AccessSecret(keys).sealed()
    keys.write_sealed_access(OLD, secret.wrapped_key, secret.sealed_seed)
    with pytest.raises(WrongState):
        retire(OLD, clock + REST * 2)
    keys.write_sealed_access(NEW, moved.wrapped_key, moved.sealed_seed)
    with pytest.raises(TooEarly):
        retire(OLD, datetime.now(UTC))
    with pytest.raises(NotFound):
        retire("kek-0", clock + REST * 2)
    keys.set_target(OLD)
    with pytest.raises(WrongState):
        retire(OLD, clock + REST * 2)
    keys.set_target(None)
    retire(OLD, clock + REST * 2)
    assert sorted(file.name for file in keys.directory.iterdir()) == [
        *("access.sealed", "current", "kek-2.key", "kek-2.pub")
    ]
    assert all(accepted(vaulted, token, now) for token in tokens)


@pytest.fixture
def beside_token(services: Services, token_vault: VaultSettings) -> Iterator[Services]:
    """Files are in force; a token with a key is there, too, and may be written to."""
    assert token_vault.hsm is not None
    KeyFolder(token_vault.directory).put_in_force(OLD)
    token = Hsm(token_vault.hsm, writes=True)
    sealer, opener = halves_with(token_vault, token)
    yield replace(services, sealer=sealer, opener=opener)
    token.close()


@sqlite_only
def test_from_a_file_into_a_token_is_a_rotation_and_so_is_the_way_back(
    beside_token: Services, customer_a: Customer, now: datetime
) -> None:
    services, keys = beside_token, beside_token.sealer.keys
    assert services.opener is not None
    held = give_token(services, customer_a, now)
    code = device_code(services, "yubikey-5", "12345678")
    made = make_kek(keys, "kek-hsm-2", services.opener.token)
    assert make_kek(keys, "kek-hsm-2", services.opener.token) == made
    assert rotate(services, now, "kek-hsm-2") == Rotated(1, ())
    assert rows(services) == {"kek-hsm-2": {"credential": 1}}
    assert accepted(services, held, now)
    assert device_code(services, "yubikey-5", "12345678") == code
    make(services)
    assert rotate(services, now) == Rotated(1, ())
    assert device_code(services, "yubikey-5", "12345678") == code
    assert accepted(services, held, now + timedelta(minutes=1))
    assert services.opener.token is not None
    retire_kek(services, RetireKeyCommand("kek-hsm-2", SYSTEM), datetime.now(UTC) + REST)
    with pytest.raises(HsmAway) as gone:
        services.opener.token.public("kek-hsm-2")
    assert gone.value.fault is HsmFault.KEY
    assert services.opener.token.public(TOKEN_KEK)


@sqlite_only
def test_a_token_that_goes_away_stops_a_rotation_which_goes_on_later(
    beside_token: Services, soft_token: SoftToken, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = beside_token
    monkeypatch.setattr("provisioning.jobs.rotate_key.BATCH", 1)
    services.sealer.keys.put_in_force(TOKEN_KEK)
    held = [give_token(services, add_customer(services, f"12345678040{n}", "dual"), now) for n in range(3)]
    make(services)

    def pull(wrapped: int) -> None:
        if wrapped == 1:
            soft_token.take_out()

    with pytest.raises(HsmAway):
        rotate_kek(services, RotateKeyCommand(NEW, SYSTEM, pull), now)
    assert rows(services) == {NEW: {"credential": 1}, TOKEN_KEK: {"credential": 2}}
    soft_token.put_back()
    assert soft_token.hsm is not None
    again = replace(services, opener=SeedOpener(services.sealer.keys, Hsm(soft_token.hsm)))
    assert rotate(again, now) == Rotated(2, ())
    assert all(accepted(again, token, now) for token in held)
