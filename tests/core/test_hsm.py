"""A key inside a PKCS#11 token: it stays there, and while the token is away nothing opens (R47, R71)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from provisioning.errors import HsmAway, HsmFault, VaultError
from provisioning.jobs.check_ready import check_ready
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.settings import VaultSettings
from provisioning.store.data_keys import DataKeys
from provisioning.store.hpke_p256 import open_sealed
from provisioning.store.hsm import Token
from provisioning.store.kek import PublicKek
from provisioning.store.tables import AuditEntry, Customer
from provisioning.store.vault import SealedSeed, SeedContext, SeedOpener
from tests.fixtures.databases import sqlite_only
from tests.fixtures.softhsm import MODULE, PIN, TOKEN_KEK, SoftToken
from tests.fixtures.tokens import Token as CustomersToken
from tests.fixtures.tokens import give_token, read_credential
from tests.fixtures.vaults import halves_of, halves_with

CONTEXT = SeedContext("dual", "c" * 32, 1)
SEED = bytes(range(20))


class Case:
    """An opener whose clock stands still until the test moves it, and who remembers no data key."""

    def __init__(self, vault: VaultSettings, **hsm: object) -> None:
        assert vault.hsm is not None
        self.seconds = 0.0
        self.token = Token(replace(vault.hsm, **hsm), clock=lambda: self.seconds)  # type: ignore[arg-type]
        self.sealer, opener = halves_with(vault, self.token)
        self.opener = replace(opener, data_keys=DataKeys(1, 0))
        self.sealed = self.sealer.seal(SEED, CONTEXT)

    def open(self) -> bytes:
        return bytes(self.opener.open(self.sealed, CONTEXT))

    def refused(self) -> HsmFault:
        with pytest.raises(HsmAway) as caught:
            self.open()
        return caught.value.fault

    def wait(self) -> None:
        self.seconds += 2

    @property
    def pid(self) -> int:
        assert self.token._child is not None
        return self.token._child._process.pid


@pytest.fixture
def case(token_vault: VaultSettings) -> Iterator[Case]:
    made = Case(token_vault)
    yield made
    made.token.close()


def test_nobody_gets_the_key_out(soft_token: SoftToken) -> None:
    command = [sys.executable, "-m", "tests.core.export_attempts", str(MODULE), PIN, TOKEN_KEK]
    tried = subprocess.run(command, capture_output=True, text=True, check=True)
    assert tried.stdout == "found\n"


def test_the_pin_is_neither_in_an_environment_nor_in_a_list_of_processes(case: Case) -> None:
    case.open()
    assert b"canary" not in Path(f"/proc/{case.pid}/cmdline").read_bytes()
    with contextlib.suppress(PermissionError):  # only root sees more
        assert b"canary" not in Path(f"/proc/{case.pid}/environ").read_bytes()
    assert "canary" not in repr((case.token, case.opener, case.token._settings))


def test_a_token_that_was_taken_out_refuses_and_is_used_again_without_a_restart(
    case: Case, soft_token: SoftToken
) -> None:
    assert case.open() == SEED
    soft_token.take_out()
    assert case.refused() in {HsmFault.TOKEN, HsmFault.FAILED, HsmFault.KEY}
    case.wait()
    assert case.refused() is HsmFault.TOKEN
    soft_token.put_back()
    # asked once a second at most: a code is refused meanwhile, and waits for nothing
    assert case.refused() is HsmFault.TOKEN
    case.wait()
    assert case.open() == SEED


def test_a_wrong_pin_is_tried_once(case: Case, soft_token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    popen = subprocess.Popen

    def start(*given: Any, **more: Any) -> Any:
        started.append(given)
        return popen(*given, **more)

    monkeypatch.setattr(subprocess, "Popen", start)
    soft_token.write_pin("0000")
    for _ in range(4):
        assert case.refused() is HsmFault.PIN
        case.wait()
    assert len(started) == 1
    soft_token.write_pin(PIN)
    assert case.open() == SEED
    assert len(started) == 2


def test_a_module_that_hangs_is_not_waited_for(token_vault: VaultSettings) -> None:
    case = Case(token_vault, timeout_s=0.1)
    with_patience = case.token._settings
    assert with_patience.timeout_s == 0.1
    _first_answer(case)
    os.kill(case.pid, signal.SIGSTOP)
    assert case.refused() is HsmFault.SLOW
    case.wait()
    _first_answer(case)
    case.token.close()


def _first_answer(case: Case) -> None:
    """On a busy machine a tenth of a second may pass by itself."""
    for _ in range(20):
        try:
            assert case.open() == SEED
        except HsmAway:
            case.wait()
        else:
            return
    raise AssertionError


def test_a_module_that_crashed_is_started_anew(case: Case) -> None:
    case.open()
    os.kill(case.pid, signal.SIGKILL)
    assert case.refused() is HsmFault.FAILED
    case.wait()
    assert case.open() == SEED


def test_where_no_process_can_be_started_it_is_refused_and_tried_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crowded:
        crowded.setattr(subprocess, "Popen", Mock(side_effect=BlockingIOError))
        assert case.refused() is HsmFault.FAILED
    case.wait()
    assert case.open() == SEED


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ({"module": Path("/nonexistent.so")}, HsmFault.MODULE),
        ({"token": "another"}, HsmFault.TOKEN),
        ({"pin_file": Path("/nonexistent")}, HsmFault.PIN),
        ({"software": False}, HsmFault.SOFTWARE),
    ],
)
def test_what_is_wrong_is_told(token_vault: VaultSettings, setting: dict[str, object], fault: HsmFault) -> None:
    assert Case(token_vault, **setting).refused() is fault


def test_opening_follows_the_rfc_as_the_library_does() -> None:
    """Any Diffie-Hellman will do; the library opens the same by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    suite = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    sealed = PublicKek("kek", public).wrap(SEED, CONTEXT.encode())
    assert suite.decrypt(sealed, private, CONTEXT.encode()) == SEED

    def exchange(point: bytes) -> bytes:
        return private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))

    assert open_sealed(sealed, public, CONTEXT.encode(), exchange) == SEED
    with pytest.raises(VaultError):
        open_sealed(sealed, public, b"another", exchange)


def test_one_missing_key_stops_no_other(case: Case) -> None:
    keys = case.sealer.keys
    keys.write_public("kek-lost", keys.public(TOKEN_KEK))
    lost = SealedSeed(case.sealed.sealed_seed, case.sealed.wrapped_key, "kek-lost")
    with pytest.raises(HsmAway) as caught:
        case.opener.open(lost, CONTEXT)
    assert caught.value.fault is HsmFault.KEY
    assert case.open() == SEED


def test_threads_take_turns(case: Case) -> None:
    sealed = [case.sealer.seal(SEED, CONTEXT) for _ in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda one: bytes(case.opener.open(one, CONTEXT)), sealed)) == {SEED}


def test_a_process_without_a_token_opens_only_what_is_under_key_files(token_vault: VaultSettings) -> None:
    sealer, opener = halves_of(replace(token_vault, hsm=None))
    under_token = sealer.seal(SEED, CONTEXT)
    with pytest.raises(HsmAway):
        opener.open(under_token, CONTEXT)
    sealer.keys.put_in_force("kek-1")
    under_file = sealer.seal(SEED, CONTEXT)
    assert under_file.kek_id == "kek-1"
    assert opener.open(under_file, CONTEXT) == SEED


@pytest.fixture
def customers(customer_a: Customer, customer_b: Customer) -> tuple[Customer, Customer]:
    return customer_a, customer_b


@sqlite_only
def test_while_the_token_is_away_codes_are_refused_and_not_counted(
    services: Services, customers: tuple[Customer, Customer], now: datetime, case: Case, soft_token: SoftToken
) -> None:
    data_keys = DataKeys(100, 300, lambda: case.seconds)
    opener = SeedOpener(case.sealer.keys, case.token, data_keys)
    with_hsm = replace(services, sealer=case.sealer, opener=opener)
    warm, cold = (give_token(with_hsm, customer, now) for customer in customers)
    assert submit(with_hsm, warm, warm.wrong(now), now) is Reason.WRONG
    assert check_ready(with_hsm, now).vault

    soft_token.take_out()
    assert not check_ready(with_hsm, now).vault
    # whose data key is still known is judged: that is bounded in time
    assert submit(with_hsm, warm, warm.wrong(now), now) is Reason.WRONG
    for token in (cold, warm):
        if token is warm:
            case.seconds += 301
        with pytest.raises(VaultError):
            submit(with_hsm, token, token.code(now), now)
    assert [read_credential(services, token).failures for token in (warm, cold)] == [2, 0]
    with services.store.read() as tx:
        assert len(tx.scalars(select(AuditEntry).where(AuditEntry.act == "verify")).all()) == 2

    soft_token.put_back()
    case.wait()
    assert check_ready(with_hsm, now).ready
    for token in (cold, warm):
        assert submit(with_hsm, token, token.code(now), now) is Outcome.ACCEPTED


def submit(services: Services, token: CustomersToken, otp: str, now: datetime) -> Outcome | Reason:
    judged = verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now)
    return judged.reason or judged.outcome
