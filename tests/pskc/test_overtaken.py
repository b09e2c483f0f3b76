"""A maker's fob while its seed is asked about or opened: a seed is in one place (R31)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import select, update

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.cancel_job import CancelJobCommand, cancel_job
from provisioning.jobs.export_pskc import ExportPskcCommand, export_pskc
from provisioning.jobs.imported_seeds import context_of_fob, sealed_import
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.pskc.reader import read_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.store.tables import Credential, Fob, ImportedSeed
from tests.fixtures.databases import sqlite_only
from tests.fixtures.slow_verifier import SlowOpener, asking_slowly
from tests.pskc.conftest import ITERATIONS, PASSPHRASE, Drawer, key, shown

Event = Callable[[], object]
MADE = key("A1")


def slow_proof(drawer: Drawer, reserved: ReservedFob, *events: Event) -> TypedProof:
    """The teller types what the display shows, and the answer is slow."""
    apart, _ = asking_slowly(drawer.services, *events)
    code = shown(MADE, drawer.now)
    command = ProveTypedCodeCommand("dual", reserved.job_id, code, drawer.teller)
    return prove_typed_code(apart, command, drawer.now)


def bound(drawer: Drawer, reserved: ReservedFob) -> tuple[CredentialState, int, bool, int]:
    """State, version and seed of the credential; seeds that are still their fobs'."""
    row: Credential = drawer.credential(reserved.credential_id)
    return row.state, row.seed_version, row.sealed_seed is not None, drawer.seeds()


def test_a_seed_that_somebody_else_adopted_meanwhile_is_adopted_once(drawer: Drawer) -> None:
    drawer.take(MADE)
    reserved = drawer.reserve("A1")
    adopted: list[bytes | None] = []

    def proved() -> None:
        assert drawer.prove(reserved, shown(MADE, drawer.now)).proved
        adopted.append(drawer.credential(reserved.credential_id).sealed_seed)

    with pytest.raises(WrongState) as refused:
        slow_proof(drawer, reserved, proved)
    assert refused.value == WrongState("job", JobState.PROVED)
    assert bound(drawer, reserved) == (CredentialState.SET_UP, 1, True, 0)
    assert drawer.credential(reserved.credential_id).sealed_seed == adopted[0]
    assert len(drawer.acts("prove_job")) == 1


@sqlite_only
def test_a_fob_that_went_back_into_the_drawer_keeps_its_seed(drawer: Drawer) -> None:
    drawer.take(MADE)
    reserved = drawer.reserve("A1")
    given_up = CancelJobCommand("dual", reserved.job_id, drawer.teller)
    with pytest.raises(WrongState):
        slow_proof(drawer, reserved, lambda: cancel_job(drawer.services, given_up, drawer.now))
    assert bound(drawer, reserved) == (CredentialState.ENDED, 0, False, 1)
    assert drawer.prove(drawer.reserve("A1"), shown(MADE, drawer.now)).proved


@sqlite_only
def test_a_seed_whose_key_was_wrapped_anew_meanwhile_is_the_same(drawer: Drawer) -> None:
    drawer.take(MADE)
    reserved = drawer.reserve("A1")

    def wrapped_anew() -> None:
        with drawer.services.store.read() as session:
            row = session.scalars(select(ImportedSeed)).one()
        assert drawer.services.opener is not None
        context = context_of_fob("dual", row.fob_id)
        fresh = drawer.services.opener.rewrap(sealed_import(row), context, drawer.services.sealer.in_force())
        with drawer.services.store.write() as tx:
            tx.execute(update(ImportedSeed).values(wrapped_key=fresh.wrapped_key))

    assert slow_proof(drawer, reserved, wrapped_anew).proved
    assert bound(drawer, reserved) == (CredentialState.SET_UP, 1, True, 0)


@sqlite_only
def test_a_seed_that_was_destroyed_meanwhile_is_nobodys(drawer: Drawer) -> None:
    drawer.take(MADE)
    reserved = drawer.reserve("A1")

    def destroyed() -> None:
        with drawer.services.store.write() as tx:
            tx.delete(tx.scalars(select(ImportedSeed)).one())

    with pytest.raises(WrongState):
        slow_proof(drawer, reserved, destroyed)
    assert bound(drawer, reserved) == (CredentialState.ISSUED, 0, False, 0)
    assert drawer.acts("prove_job") == []


@pytest.fixture
def quick_files(mocker: MockerFixture) -> None:
    """Files under a key that is derived in few rounds, as the makers' are here."""
    mocker.patch("provisioning.jobs.export_pskc.write_pskc", partial(write_pskc, iterations=ITERATIONS))


def slow_export(drawer: Drawer, *events: Event) -> tuple[list[list[str]], SlowOpener]:
    """Serial numbers of the fobs in each file that was kept."""
    opener = SlowOpener(drawer.services, list(events))
    kept: list[bytes] = []
    command = ExportPskcCommand("dual", PASSPHRASE, drawer.teller)
    export_pskc(replace(drawer.services, opener=opener), command, kept.append, drawer.now)  # type: ignore[arg-type]
    return [[each.serial for each in read_pskc(file, PASSPHRASE).keys] for file in kept], opener


@pytest.mark.usefixtures("quick_files")
def test_a_fob_that_became_somebodys_meanwhile_is_in_no_file(drawer: Drawer) -> None:
    drawer.take(MADE, key("A2"), key("A3"))
    files, opener = slow_export(drawer, lambda: drawer.reserve("A2"))
    assert (files, opener.opened) == ([["A1", "A3"]], 5)
    (entry,) = drawer.acts("export_pskc")
    assert entry.facts == {"count": 2, "first": "A1", "last": "A3"}


@sqlite_only
@pytest.mark.usefixtures("quick_files")
def test_what_the_file_says_of_a_fob_is_what_the_books_say(drawer: Drawer) -> None:
    drawer.take(MADE)

    def expires() -> None:
        with drawer.services.store.write() as tx:
            tx.execute(update(Fob).values(expires_at=drawer.now))

    _, opener = slow_export(drawer, expires)
    assert (opener.opened, len(drawer.acts("export_pskc"))) == (2, 1)


@sqlite_only
@pytest.mark.usefixtures("quick_files")
def test_where_nothing_is_left_meanwhile_there_is_no_file(drawer: Drawer) -> None:
    drawer.take(MADE)
    lost = RemoveFobCommand("dual", drawer.fob("A1").id, drawer.teller, FobState.LOST)
    with pytest.raises(NotFound):
        slow_export(drawer, lambda: remove_fob(drawer.services, lost, drawer.now))
    assert drawer.acts("export_pskc") == []
