"""A fob that cannot be read: the teller types what its display shows (R31)."""

from __future__ import annotations

import pytest

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.rules.verdict import Reason
from provisioning.store.queries.next_step import NextStep
from tests.fixtures.people import customer_actor
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
