"""A fob, its job and its customer between the verifier's answer and the proof's write (R29, R35)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from provisioning.errors import WrongState
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, TypedProof, prove_typed_code
from provisioning.jobs.reserve_fob import ReservedFob
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.rules.otp import code_at, step_at
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.rules.verdict import Outcome
from tests.fixtures.databases import sqlite_only
from tests.fixtures.slow_verifier import asking_slowly
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob
from tests.fobs.test_two_at_once import at_once


def proof(case: Case, job_id: str, code: str, *events: Callable[[], object]) -> TypedProof:
    """The teller types a code, and the answer about it is slow."""
    apart, _ = asking_slowly(case.services, *events)
    return prove_typed_code(apart, ProveTypedCodeCommand("dual", job_id, code, case.teller), case.now)


@sqlite_only
@pytest.mark.parametrize("right", [True, False])
def test_an_attempt_that_was_given_up_meanwhile_proves_nothing(
    case: Case, reserved: ReservedFob, unread: PlainFob, right: bool
) -> None:
    code = unread.code(case.now) if right else "00000000"
    with pytest.raises(WrongState) as refused:
        proof(case, reserved.job_id, code, lambda: case.cancel(reserved.job_id))
    assert refused.value == WrongState("job", JobState.ABANDONED)
    row = case.credential(reserved.credential_id)
    assert (row.state, row.failures, row.sealed_seed) == (CredentialState.ENDED, 0, None)
    assert case.fob_state() is FobState.RETURNED


@sqlite_only
def test_a_customer_whose_token_ended_meanwhile_gets_none(
    case: Case, reserved: ReservedFob, unread: PlainFob
) -> None:
    with pytest.raises(WrongState):
        proof(case, reserved.job_id, unread.code(case.now), lambda: case.end(reserved.credential_id))
    assert case.credential(reserved.credential_id).state is CredentialState.ENDED
    assert case.job(reserved.job_id).proved_at is None
    assert case.fob_state() is FobState.RETURNED


@pytest.mark.parametrize("right", [True, False])
def test_what_somebody_else_proved_meanwhile_is_proved_once(
    case: Case, reserved: ReservedFob, unread: PlainFob, right: bool
) -> None:
    code = unread.code(case.now)
    with pytest.raises(WrongState) as refused:
        proof(
            case,
            reserved.job_id,
            code if right else "00000000",
            lambda: proof(case, reserved.job_id, code),
        )
    assert refused.value == WrongState("job", JobState.PROVED)
    assert case.acts(reserved.job_id).count(("prove_job", "proved")) == 1
    row = case.credential(reserved.credential_id)
    assert (row.state, row.failures, row.seed_version) == (CredentialState.SET_UP, 0, 1)


@sqlite_only
def test_a_code_that_was_spent_meanwhile_proves_nothing(
    case: Case, reserved: ReservedFob, unread: PlainFob
) -> None:
    assert unread.seed is not None
    step = step_at(case.now, 60)
    first, second = (code_at(unread.seed, OtpParameters(), step + later) for later in (0, 1))

    def resynchronised() -> None:
        command = ResyncCommand("dual", reserved.credential_id, first, second, case.teller)
        assert resync(case.services, command, case.now).outcome is Outcome.ACCEPTED

    told = proof(case, reserved.job_id, first, resynchronised)
    assert (told.proved, told.tries_left) == (False, 4)
    row = case.credential(reserved.credential_id)
    assert (row.state, row.last_step) == (CredentialState.ISSUED, step + 1)


def test_of_wrong_codes_that_are_judged_at_once_no_more_are_told_than_the_limit(
    case: Case, reserved: ReservedFob, unread: PlainFob
) -> None:
    tries = 7
    all_are_judged = threading.Barrier(tries)
    wrong = f"{(int(unread.code(case.now)) + 1) % 10**8:08d}"
    told, late = at_once(*[partial(proof, case, reserved.job_id, wrong, all_are_judged.wait)] * tries)
    assert sorted(one.tries_left for one in told) == [0, 1, 2, 3, 4]
    assert {type(one) for one in late} == {WrongState}
    assert case.acts(reserved.job_id).count(("prove_typed_code", "wrong")) == 5
    row = case.credential(reserved.credential_id)
    assert (row.state, row.failures, row.sealed_seed) == (CredentialState.ENDED, 5, None)
    assert case.open_job().attempt == 2
