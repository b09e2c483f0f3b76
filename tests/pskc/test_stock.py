"""Fobs with seeds come into stock from their maker's file, all or none, and leave it for a customer (R30-R32)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import partial

import pytest

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, VaultError, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.cancel_job import CancelJobCommand, cancel_job
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.export_pskc import ExportPskcCommand, export_pskc
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.import_pskc import import_pskc, look_into_pskc
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.take_back import take_back
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.reader import read_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.pskc_refusals import PskcFault, PskcRefused
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState
from provisioning.rules.verdict import Outcome
from provisioning.store.queries import fobs, jobs
from provisioning.store.queries.fobs import FobStep
from provisioning.store.queries.next_step import NextStep
from tests.fixtures.databases import postgresql_only, sqlite_only
from tests.fixtures.people import add_fob, customer_actor
from tests.fobs.test_two_at_once import at_once
from tests.pskc.conftest import HOTP, ITERATIONS, PASSPHRASE, Drawer, key, shown


def faults(drawer: Drawer, data: bytes) -> list[tuple[int, str, PskcFault]]:
    """What is in the way, told alike by looking and by importing; and nothing comes into the books."""
    before = drawer.fobs()
    command = drawer.command(data)
    looked = look_into_pskc(drawer.services, command, drawer.now).refusals
    with pytest.raises(PskcRefused) as refused:
        import_pskc(drawer.services, command, drawer.now)
    assert refused.value.refusals == looked
    assert drawer.fobs() == before
    assert drawer.acts("import_pskc") == [] or before
    return [(refusal.number, refusal.serial, refusal.fault) for refusal in looked]


@sqlite_only
def test_a_box_comes_into_stock_with_its_seeds(drawer: Drawer) -> None:
    until = drawer.now + timedelta(days=900)
    keys = [key("A1", expires_at=until), key("A2", HOTP, next_counter=7)]
    command = drawer.command(write_pskc(keys, PASSPHRASE, ITERATIONS))
    view = look_into_pskc(drawer.services, command, drawer.now)
    assert (view.count, view.first, view.last, view.refusals, drawer.fobs()) == (2, "A1", "A2", (), [])
    assert import_pskc(drawer.services, command, drawer.now) == view
    fob = drawer.fob("A1")
    assert (fob.state, fob.branch, fob.model, fob.expires_at) == (FobState.IN_STOCK, "本店", "C200", until)
    assert fobs.fob(drawer.services.store, "dual", fob.id).next_step is FobStep.ISSUE
    (entry,) = drawer.acts("import_pskc")
    assert entry.facts["count"] == 2
    assert drawer.seeds() == 2
    assert repr(command).count(PASSPHRASE.text) == 0


@sqlite_only
def test_what_does_not_suit_the_institution_or_the_books_keeps_the_whole_file_out(drawer: Drawer) -> None:
    past, future = drawer.now - timedelta(seconds=1), drawer.now + timedelta(days=1)
    keys = [
        key("A1"),
        key("A2", OtpParameters(digits=6)),
        key("A3", OtpParameters(period_s=30)),
        key("A4", OtpParameters(OtpType.HOTP, digits=6, period_s=0)),
        key("A5", drift_steps=11),
        key("A6", expires_at=past),
        key("A7", starts_at=future),
        key("A1"),
        key("A8", OtpParameters(algorithm=Algorithm.SHA256), drift_steps=-10),
    ]
    assert faults(drawer, write_pskc(keys, PASSPHRASE, ITERATIONS)) == [
        (2, "A2", PskcFault.NOT_WANTED),
        (3, "A3", PskcFault.NOT_WANTED),
        (4, "A4", PskcFault.NOT_WANTED),
        (5, "A5", PskcFault.DRIFTED),
        (6, "A6", PskcFault.EXPIRED),
        (7, "A7", PskcFault.NOT_YET_VALID),
        (8, "A1", PskcFault.TWICE_IN_FILE),
    ]


@sqlite_only
def test_a_serial_number_in_stock_rolls_the_file_back_whoever_has_it(drawer: Drawer) -> None:
    drawer.take(key("A1"))
    file = write_pskc([key("A0"), key("A1")], PASSPHRASE, ITERATIONS)
    assert faults(drawer, file) == [(2, "A1", PskcFault.IN_STOCK)]
    elsewhere = drawer.command(file, "other")
    with pytest.raises(PskcRefused):
        import_pskc(drawer.services, elsewhere, drawer.now)
    # another maker counts on its own, and so do the fobs that we write
    add_fob(drawer.services, "A2")
    drawer.take(key("A1", manufacturer="Other"), key("A2"))
    assert drawer.fobs() == ["A1", "A1", "A2", "A2"]


@sqlite_only
def test_a_branch_or_institution_without_fobs_takes_none(drawer: Drawer) -> None:
    command = dataclasses.replace(drawer.command(write_pskc([key("A1")], PASSPHRASE, ITERATIONS)), branch="月面")
    with pytest.raises(BadInput) as refused:
        import_pskc(drawer.services, command, drawer.now)
    assert refused.value == BadInput("branch", InputFault.NOT_OFFERED)
    with pytest.raises(NotFound):
        import_pskc(drawer.services, dataclasses.replace(command, institution_id="nobody"), drawer.now)


@pytest.mark.parametrize("made", [key("A1", drift_steps=-4), key("A1", HOTP, next_counter=41)])
def test_the_imported_seed_becomes_the_customers_with_the_first_code(drawer: Drawer, made: PskcKey) -> None:
    drawer.take(made)
    reserved = drawer.reserve("A1")
    assert jobs.job(drawer.services.store, "dual", reserved.job_id, drawer.now).next_step is NextStep.TYPE_CODE
    with pytest.raises(WrongState):
        hand_over(drawer.services, drawer.of_fob("A1"), drawer.now)
    assert drawer.credential(reserved.credential_id).sealed_seed is None
    assert not drawer.prove(reserved, "00000000").proved
    assert drawer.seeds() == 1
    assert drawer.prove(reserved, shown(made, drawer.now)).proved
    credential = drawer.credential(reserved.credential_id)
    assert (credential.state, drawer.fob("A1").state, drawer.seeds()) == (
        CredentialState.SET_UP,
        FobState.PROGRAMMED,
        0,
    )
    hand_over(drawer.services, drawer.of_fob("A1"), drawer.now)
    later = 1 if made.otp.otp_type is OtpType.HOTP else 0
    code = shown(made, drawer.now, later)
    first = ActivateCommand("dual", drawer.customer.user_id, code, customer_actor(drawer.customer))
    assert activate(drawer.services, first, drawer.now).outcome is Outcome.ACCEPTED


@sqlite_only
def test_a_fob_that_is_put_back_before_its_proof_keeps_its_seed(drawer: Drawer) -> None:
    made = key("A1")
    drawer.take(made)
    reserved = drawer.reserve("A1")
    with pytest.raises(AlreadyTaken):
        drawer.reserve("A1")
    cancel_job(drawer.services, CancelJobCommand("dual", reserved.job_id, drawer.teller), drawer.now)
    assert (drawer.fob("A1").state, drawer.seeds()) == (FobState.IN_STOCK, 1)
    assert drawer.credential(reserved.credential_id).state is CredentialState.ENDED
    assert drawer.prove(drawer.reserve("A1"), shown(made, drawer.now)).proved


@sqlite_only
def test_a_fob_whose_codes_are_not_its_seeds_is_nobodys(drawer: Drawer) -> None:
    drawer.take(key("A1"))
    reserved = drawer.reserve("A1")
    proofs = [drawer.prove(reserved, "00000000") for _ in range(5)]
    assert (proofs[-1].tries_left, proofs[-1].next_job_id) == (0, None)
    assert (drawer.fob("A1").state, drawer.seeds()) == (FobState.BROKEN, 0)
    view = jobs.job(drawer.services.store, "dual", reserved.job_id, drawer.now)
    assert (view.state, view.next_step) == (JobState.FAILED, NextStep.CHOOSE_AGAIN)


@sqlite_only
def test_a_seed_that_was_a_customers_is_dead_for_ever(drawer: Drawer) -> None:
    made = key("A1")
    drawer.take(made)
    reserved = drawer.reserve("A1")
    drawer.prove(reserved, shown(made, drawer.now))
    hand_over(drawer.services, drawer.of_fob("A1"), drawer.now)
    command = RevokeCommand("dual", reserved.credential_id, EndedHow.REVOKED, drawer.teller)
    revoke(drawer.services, command, drawer.now)
    with pytest.raises(AlreadyTaken):
        drawer.reserve("A1")  # a fob that we write could serve its customer again
    take_back(drawer.services, drawer.of_fob("A1"), drawer.now)
    fob = drawer.fob("A1")
    assert fobs.fob(drawer.services.store, "dual", fob.id).next_step is FobStep.NOTHING
    with pytest.raises(WrongState):
        erase_fob(drawer.services, drawer.of_fob("A1"), drawer.now)
    with pytest.raises(WrongState):
        drawer.reserve("A1")
    assert drawer.seeds() == 0
    file = write_pskc([made], PASSPHRASE, ITERATIONS)
    assert faults(drawer, file) == [(1, "A1", PskcFault.IN_STOCK)]


@sqlite_only
@pytest.mark.parametrize("to", [FobState.LOST, FobState.BROKEN, FobState.RETIRED])
def test_a_fob_that_leaves_the_drawer_loses_its_seed(drawer: Drawer, to: FobState) -> None:
    drawer.take(key("A1"), key("A2"))
    remove_fob(drawer.services, RemoveFobCommand("dual", drawer.fob("A1").id, drawer.teller, to), drawer.now)
    assert drawer.seeds() == 1


def test_only_fobs_of_nobody_are_exported(drawer: Drawer) -> None:
    keys = [key("A1"), key("A2"), key("A3", HOTP, next_counter=3, model=""), key("A4")]
    drawer.take(*keys)
    drawer.prove(drawer.reserve("A1"), shown(keys[0], drawer.now))
    remove_fob(
        drawer.services, RemoveFobCommand("dual", drawer.fob("A4").id, drawer.teller, FobState.LOST), drawer.now
    )
    kept: list[bytes] = []
    command = ExportPskcCommand("dual", PASSPHRASE, drawer.teller)
    assert PASSPHRASE.text not in repr(command)
    assert export_pskc(drawer.services, command, kept.append, drawer.now) == 2
    found = read_pskc(kept[0], PASSPHRASE).keys
    assert found == (dataclasses.replace(keys[1], number=1), dataclasses.replace(keys[2], number=2))
    (entry,) = drawer.acts("export_pskc")
    assert entry.facts == {"count": 2, "first": "A2", "last": "A3"}
    assert drawer.seeds() == 2


@sqlite_only
def test_an_export_needs_a_key_a_passphrase_fobs_and_a_place(drawer: Drawer) -> None:
    command, kept = ExportPskcCommand("dual", PASSPHRASE, drawer.teller), list[bytes]()
    with pytest.raises(NotFound):
        export_pskc(drawer.services, command, kept.append, drawer.now)
    drawer.take(key("A1"))
    short = dataclasses.replace(command, passphrase=Passphrase("short"))
    with pytest.raises(BadInput):
        export_pskc(drawer.services, short, kept.append, drawer.now)
    with pytest.raises(VaultError):
        export_pskc(dataclasses.replace(drawer.services, opener=None), command, kept.append, drawer.now)

    def full(_: bytes) -> None:
        raise OSError

    with pytest.raises(OSError):
        export_pskc(drawer.services, command, full, drawer.now)
    assert (drawer.acts("export_pskc"), kept) == ([], [])


@postgresql_only
def test_two_proofs_at_once_leave_one_seed(drawer: Drawer) -> None:
    made = key("A1")
    drawer.take(made)
    reserved, code = drawer.reserve("A1"), shown(made, drawer.now)
    won, lost = at_once(*[partial(drawer.prove, reserved, code)] * 4)
    assert [proof.proved for proof in won] == [True]
    assert {type(error) for error in lost} == {WrongState}
    credential = drawer.credential(reserved.credential_id)
    assert (credential.state, credential.seed_version, drawer.seeds()) == (CredentialState.SET_UP, 1, 0)
    hand_over(drawer.services, drawer.of_fob("A1"), drawer.now)
    first = ActivateCommand("dual", drawer.customer.user_id, code, customer_actor(drawer.customer))
    assert activate(drawer.services, first, drawer.now).outcome is Outcome.ACCEPTED
