"""Released, taken back, erased, issued again: a fob serves again only with a new seed (R32, manual 001)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from devices.contract import FailureCode
from provisioning.errors import AlreadyTaken, BadInput, NotFound, TooEarly, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.take_back import take_back
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.states import EndedHow, FobState, JobState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.store.queries import fobs
from provisioning.store.queries.fobs import FobStep
from provisioning.store.tables import AuditEntry, Credential
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob

MINUTE = timedelta(minutes=1)


@pytest.fixture
def in_use(case: Case) -> PlainFob:
    """The fob, written, handed over and activated; a minute later."""
    plain = case.desk.plug(case.fob)
    case.reserve()
    case.desk.work()
    hand_over(case.services, case.of_fob(), case.now)
    command = ActivateCommand("dual", case.customer.user_id, plain.code(case.now), customer_actor(case.customer))
    assert activate(case.services, command, case.now).outcome is Outcome.ACCEPTED
    case.desk.now += MINUTE
    return plain


def test_a_hand_over_is_found_by_its_customer_and_token(case: Case) -> None:
    case.desk.plug(case.fob)
    case.reserve()
    case.desk.work()
    hand_over(case.services, case.of_fob(), case.now)
    with case.services.store.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "hand_over")).one()
        held = session.scalars(select(Credential.id).where(Credential.fob_id == case.fob.id)).one()
    assert (entry.customer_id, entry.credential_id, entry.fob_id) == (case.customer.id, held, case.fob.id)


def verified(case: Case, code: str) -> tuple[Outcome, Reason | None]:
    """What the verifier says to a code of the customer."""
    actor = customer_actor(case.customer)
    result = verify(case.services, VerifyCommand("dual", case.customer.user_id, code, actor), case.now)
    return result.outcome, result.reason


def released(case: Case, plain: PlainFob) -> None:
    """The customer releases at home."""
    actor = customer_actor(case.customer)
    command = ReleaseCommand("dual", case.customer.user_id, plain.code(case.now), CONFIRMATION_PASSWORD, actor)
    assert release(case.services, command, case.now).outcome is Outcome.ACCEPTED


def next_step(case: Case) -> FobStep:
    """What the teller is shown for the fob."""
    return fobs.fob(case.services.store, "dual", case.fob.id).next_step


def test_a_released_fob_is_taken_back_erased_and_issued_again_with_a_new_seed(
    case: Case, in_use: PlainFob
) -> None:
    old_seed = in_use.seed
    released(case, in_use)
    assert (case.fob_state(), next_step(case)) == (FobState.HANDED_OVER, FobStep.TAKE_BACK)
    case.desk.now += MINUTE
    assert verified(case, in_use.code(case.now))[0] is Outcome.REFUSED

    take_back(case.services, case.of_fob(), case.now)
    assert (case.fob_state(), next_step(case)) == (FobState.RETURNED, FobStep.ERASE)
    with pytest.raises(WrongState):
        case.reserve()
    erasure = erase_fob(case.services, case.of_fob(), case.now)
    assert next_step(case) is FobStep.SEE_JOB
    assert case.desk.work() == [JobState.WRITTEN]
    assert (case.fob_state(), next_step(case)) == (FobState.IN_STOCK, FobStep.ISSUE)
    assert (in_use.seed, in_use.generation) == (None, 2)
    assert case.job(erasure.job_id).closed_at is not None

    with pytest.raises(TooEarly):
        case.reserve()
    assert case.fob_state() is FobState.IN_STOCK, "a refused reservation changes nothing"
    case.desk.now += timedelta(days=1)
    case.reserve()
    case.desk.work()
    assert in_use.seed not in (None, old_seed)
    hand_over(case.services, case.of_fob(), case.now)
    old = PlainFob("old", seed=old_seed)
    actor = customer_actor(case.customer)
    for code, outcome in ((old.code(case.now), Outcome.REFUSED), (in_use.code(case.now), Outcome.ACCEPTED)):
        command = ActivateCommand("dual", case.customer.user_id, code, actor)
        assert activate(case.services, command, case.now).outcome is outcome


def test_a_failed_erasure_is_tried_again_and_the_fob_is_no_stock_before(case: Case, in_use: PlainFob) -> None:
    released(case, in_use)
    take_back(case.services, case.of_fob(), case.now)
    first = erase_fob(case.services, case.of_fob(), case.now)
    case.desk.poll()
    case.desk.fail(first.job_id, FailureCode.LINK_LOST)
    assert case.fob_state() is FobState.RETURNED
    assert case.open_job().attempt == 2
    assert case.desk.work() == [JobState.WRITTEN]
    assert case.fob_state() is FobState.IN_STOCK


def test_a_fob_is_erased_once_at_a_time_and_only_when_returned(case: Case, in_use: PlainFob) -> None:
    with pytest.raises(WrongState):
        erase_fob(case.services, case.of_fob(), case.now)
    released(case, in_use)
    take_back(case.services, case.of_fob(), case.now)
    erase_fob(case.services, case.of_fob(), case.now)
    with pytest.raises(AlreadyTaken):
        erase_fob(case.services, case.of_fob(), case.now)
    with pytest.raises(WrongState):
        take_back(case.services, case.of_fob(), case.now)


def test_a_fob_with_an_open_credential_is_not_taken_back(case: Case, in_use: PlainFob) -> None:
    with pytest.raises(WrongState) as refused:
        take_back(case.services, case.of_fob(), case.now)
    assert refused.value == WrongState("credential", "active")
    assert case.fob_state() is FobState.IN_USE
    with pytest.raises(NotFound):
        take_back(case.services, replace(case.of_fob(), institution_id="other"), case.now)


def test_a_lost_fob_ends_its_credential_at_once_and_may_be_found_again(case: Case, in_use: PlainFob) -> None:
    (credential,) = case.open_credentials()
    command = RemoveFobCommand("dual", case.fob.id, case.teller, FobState.LOST)
    remove_fob(case.services, command, case.now)
    assert case.fob_state() is FobState.LOST
    ended = case.credential(credential.id)
    assert (ended.ended_how, ended.sealed_seed) == (EndedHow.LOST, None)
    assert verified(case, in_use.code(case.now))[0] is Outcome.REFUSED
    take_back(case.services, case.of_fob(), case.now)
    assert case.fob_state() is FobState.RETURNED


def test_a_broken_fob_ends_its_credential_and_is_only_retired(case: Case, in_use: PlainFob) -> None:
    (credential,) = case.open_credentials()
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.BROKEN), case.now)
    assert case.credential(credential.id).ended_how is EndedHow.REVOKED
    with pytest.raises(WrongState):
        take_back(case.services, case.of_fob(), case.now)
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.RETIRED), case.now)
    assert (case.fob_state(), next_step(case)) == (FobState.RETIRED, FobStep.NOTHING)


def test_a_fob_in_use_is_not_retired_nor_removed_to_anywhere_else(case: Case, in_use: PlainFob) -> None:
    with pytest.raises(WrongState):
        remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.RETIRED), case.now)
    with pytest.raises(BadInput):
        remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.IN_STOCK), case.now)
    assert len(case.open_credentials()) == 1


def test_a_fob_that_breaks_while_it_is_written_ends_the_job(case: Case) -> None:
    case.desk.plug(case.fob)
    reserved = case.reserve()
    case.desk.poll()
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.BROKEN), case.now)
    assert case.job(reserved.job_id).state is JobState.ABANDONED
    assert (case.fob_state(), case.open_credentials()) == (FobState.BROKEN, [])


def test_a_broken_fob_does_not_wait_for_its_erasure(case: Case, in_use: PlainFob) -> None:
    released(case, in_use)
    take_back(case.services, case.of_fob(), case.now)
    job_id = erase_fob(case.services, case.of_fob(), case.now).job_id
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.BROKEN), case.now)
    assert case.job(job_id).state is JobState.ABANDONED
    assert case.desk.poll() == ()


def test_a_token_revoked_before_hand_over_leaves_a_fob_to_be_erased(case: Case) -> None:
    case.desk.plug(case.fob)
    reserved = case.reserve()
    case.desk.work()
    command = RevokeCommand("dual", reserved.credential_id, EndedHow.REVOKED, case.teller)
    revoke(case.services, command, case.now)
    assert case.fob_state() is FobState.RETURNED
    with pytest.raises(WrongState):
        hand_over(case.services, case.of_fob(), case.now)


def test_a_token_revoked_while_it_is_written_is_never_bound(case: Case) -> None:
    case.desk.plug(case.fob)
    reserved = case.reserve()
    (job,) = case.desk.poll()
    result = case.desk.write(job)
    command = RevokeCommand("dual", reserved.credential_id, EndedHow.REVOKED, case.teller)
    revoke(case.services, command, case.now)
    with pytest.raises(WrongState):
        case.desk.report(job.job_id, result)
    assert (case.fob_state(), case.open_credentials()) == (FobState.RETURNED, [])


def test_an_attempt_ends_even_where_no_fresh_one_may_begin(case: Case, in_use: PlainFob) -> None:
    released(case, in_use)
    take_back(case.services, case.of_fob(), case.now)
    erase_fob(case.services, case.of_fob(), case.now)
    case.desk.work()
    case.desk.now += timedelta(days=1)
    reserved = case.reserve()
    case.desk.poll()
    case.desk.now -= timedelta(days=1)  # the clock jumps back to the day of the release
    assert case.desk.fail(reserved.job_id, FailureCode.LINK_LOST) is JobState.FAILED
    assert (case.fob_state(), case.open_credentials()) == (FobState.RETURNED, [])


def test_only_a_programmed_fob_is_handed_over(case: Case, in_use: PlainFob) -> None:
    with pytest.raises(WrongState) as refused:
        hand_over(case.services, case.of_fob(), case.now)
    assert refused.value == WrongState("fob", "in_use")


def test_a_bank_that_hands_over_itself_needs_no_further_step(case: Case) -> None:
    case.desk.plug(case.fob)
    case.reserve(hand_over_on_proof=True)
    case.desk.work()
    assert case.fob_state() is FobState.HANDED_OVER
