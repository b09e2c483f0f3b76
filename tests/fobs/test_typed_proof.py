"""A fob that cannot be read: the teller types what its display shows (R31)."""

from __future__ import annotations

import sqlite3

import pytest

from provisioning.errors import BadInput, InputFault, NotFound, StoreUnavailable, TooEarly, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.rules.otp import code_at, step_at
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.rules.verdict import Reason
from provisioning.store.queries.next_step import NextStep
from provisioning.store.tables import ProgrammingJob
from tests.fixtures.people import customer_actor
from tests.fixtures.refusals import refused_rows
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob


def typed(case: Case, job_id: str, code: str, institution_id: str = "dual") -> TypedProof:
    """The teller types a code."""
    command = ProveTypedCodeCommand(institution_id, job_id, code, case.teller)
    assert not code or code not in repr(command)
    return prove_typed_code(case.services, command, case.now)


def test_written_is_not_yet_usable(case: Case, reserved: ReservedFob, unread: PlainFob) -> None:
    assert case.credential(reserved.credential_id).state is CredentialState.ISSUED
    assert case.page(reserved.job_id).next_step is NextStep.TYPE_CODE
    with pytest.raises(WrongState) as refused:
        hand_over(case.services, case.of_fob(), case.now)
    assert refused.value == WrongState("fob", "programming")
    first = ActivateCommand("dual", case.customer.user_id, unread.code(case.now), customer_actor(case.customer))
    assert activate(case.services, first, case.now).reason is Reason.NOT_ACTIVE
    assert case.fob_state() is FobState.PROGRAMMING


def test_a_code_typed_before_the_write_is_over_is_neither_proof_nor_wrong(
    case: Case, reserved: ReservedFob
) -> None:
    plain = case.desk.plug(case.fob)
    with pytest.raises(WrongState):
        typed(case, reserved.job_id, "00000000")
    (job,) = case.desk.poll()
    case.desk.write(job)  # the display shows it, the station has not said so yet
    for code in ("00000000", plain.code(case.now)):
        with pytest.raises(WrongState):
            typed(case, reserved.job_id, code)
    assert case.credential(reserved.credential_id).failures == 0
    assert case.job(reserved.job_id).state is JobState.WRITING


def test_the_typed_code_proves_the_fob(case: Case, reserved: ReservedFob, unread: PlainFob) -> None:
    assert typed(case, reserved.job_id, unread.code(case.now)).proved
    assert case.credential(reserved.credential_id).state is CredentialState.SET_UP
    assert (case.fob_state(), case.page(reserved.job_id).next_step) == (FobState.PROGRAMMED, NextStep.HAND_OVER)
    with pytest.raises(WrongState):
        typed(case, reserved.job_id, unread.code(case.now))


def test_a_slip_of_the_finger_is_borne_and_the_limit_is_the_institutions(
    case: Case, reserved: ReservedFob, unread: PlainFob
) -> None:
    wrong = f"{(int(unread.code(case.now)) + 1) % 10**8:08d}"
    for left in (4, 3, 2, 1):
        assert typed(case, reserved.job_id, wrong) == TypedProof(proved=False, tries_left=left)
    last = typed(case, reserved.job_id, wrong)
    assert (last.proved, last.tries_left) == (False, 0)
    assert case.open_job().id == last.next_job_id
    assert case.credential(reserved.credential_id).state is CredentialState.ENDED
    case.desk.work()
    assert case.fob_state() is FobState.PROGRAMMED


def test_tries_do_not_stay_with_the_customer(case: Case, reserved: ReservedFob, unread: PlainFob) -> None:
    wrong = f"{(int(unread.code(case.now)) + 1) % 10**8:08d}"
    typed(case, reserved.job_id, wrong)
    assert typed(case, reserved.job_id, unread.code(case.now)).proved
    assert case.credential(reserved.credential_id).failures == 0


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", InputFault.MISSING),
        ("１２３４５６７８", InputFault.NOT_DIGITS),
        ("1234 5678", InputFault.NOT_DIGITS),
        ("1234567", InputFault.WRONG_LENGTH),
        ("123456", InputFault.WRONG_LENGTH),
        ("123456789", InputFault.WRONG_LENGTH),
        ("abcdefgh", InputFault.NOT_DIGITS),
    ],
)
def test_a_malformed_code_is_no_wrong_code(
    case: Case, reserved: ReservedFob, unread: PlainFob, code: str, fault: InputFault
) -> None:
    with pytest.raises(BadInput) as refused:
        typed(case, reserved.job_id, code)
    assert refused.value == BadInput("code", fault)
    assert case.credential(reserved.credential_id).failures == 0


def test_another_institutions_job_is_not_found(case: Case, reserved: ReservedFob, unread: PlainFob) -> None:
    with pytest.raises(NotFound):
        typed(case, reserved.job_id, unread.code(case.now), "other")


@pytest.mark.parametrize("act", ["prove_typed_code", "end_attempt"])
def test_a_wrong_code_that_cannot_be_counted_was_never_judged(
    case: Case, reserved: ReservedFob, unread: PlainFob, act: str
) -> None:
    assert unread.seed is not None
    later = code_at(unread.seed, OtpParameters(), step_at(case.now, 60) + 30)  # the judge remembers it
    if act == "end_attempt":
        for _ in range(4):
            typed(case, reserved.job_id, later)
    before = case.credential(reserved.credential_id)
    with (
        refused_rows(case.services, "audit_entry", f"NEW.act = '{act}'"),
        pytest.raises((StoreUnavailable, sqlite3.IntegrityError)),
    ):
        typed(case, reserved.job_id, later)
    after = case.credential(reserved.credential_id)
    assert (after.failures, after.highest_seen_step) == (before.failures, before.highest_seen_step)
    assert case.job(reserved.job_id).state is JobState.WRITTEN
    assert typed(case, reserved.job_id, later).tries_left == 4 - before.failures


def test_the_last_wrong_code_ends_the_attempt_also_where_no_other_may_follow(
    case: Case, reserved: ReservedFob, unread: PlainFob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TooEarly(case.now)

    monkeypatch.setattr("provisioning.jobs.end_attempt.open_credential", refuse)
    told = [typed(case, reserved.job_id, "00000000") for _ in range(5)]
    assert [one.tries_left for one in told] == [4, 3, 2, 1, 0]
    assert told[-1].next_job_id is None
    assert case.acts(reserved.job_id).count(("prove_typed_code", "wrong")) == 5
    assert case.job(reserved.job_id).state is JobState.FAILED
    assert case.fob_state() is FobState.RETURNED


def test_a_receipt_that_an_older_server_kept_does_not_tell_of_a_code(
    case: Case, reserved: ReservedFob, unread: PlainFob
) -> None:
    receipt = dict(case.job(reserved.job_id).receipt or {})
    assert receipt.pop("code_read") is False
    with case.services.store.write() as tx:
        tx.get_one(ProgrammingJob, reserved.job_id).receipt = receipt
    assert case.page(reserved.job_id).next_step is NextStep.TYPE_CODE
    assert typed(case, reserved.job_id, unread.code(case.now)).proved
