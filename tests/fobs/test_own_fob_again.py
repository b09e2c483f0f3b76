"""Manual 001, last paragraph: after a release the same fob serves its owner again through a new issuance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.errors import AlreadyTaken, TooEarly
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.states import EndedHow, FobState, JobState
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Customer
from tests.fixtures.people import customer_actor
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob
from tests.fobs.test_coming_back import in_use, released

__all__ = ["in_use"]

NEXT_DAY = timedelta(days=1)


def test_the_owner_gets_a_new_seed_on_the_fob_brought_along(case: Case, in_use: PlainFob) -> None:
    old = PlainFob("old", seed=in_use.seed)
    released(case, in_use)
    with pytest.raises(TooEarly):
        case.reserve()
    assert case.fob_state() is FobState.HANDED_OVER, "a refused reservation changes nothing"
    case.desk.now += NEXT_DAY
    case.reserve(hand_over_on_proof=True)
    assert case.desk.work() == [JobState.PROVED]
    assert in_use.seed not in (None, old.seed)
    actor = customer_actor(case.customer)
    for code, outcome in ((old.code(case.now), Outcome.REFUSED), (in_use.code(case.now), Outcome.ACCEPTED)):
        command = ActivateCommand("dual", case.customer.user_id, code, actor)
        assert activate(case.services, command, case.now).outcome is outcome
    assert case.fob_state() is FobState.IN_USE


def test_a_fob_in_force_or_anothers_is_not_written_over(
    case: Case, in_use: PlainFob, customer_b: Customer
) -> None:
    with pytest.raises(AlreadyTaken):
        case.reserve()
    released(case, in_use)
    case.desk.now += NEXT_DAY
    command = ReserveFobCommand("dual", customer_b.id, case.fob.id, case.teller)
    with pytest.raises(AlreadyTaken):
        reserve_fob(case.services, command, case.now)


def test_given_up_it_is_to_be_erased_and_no_stock(case: Case, in_use: PlainFob) -> None:
    released(case, in_use)
    case.desk.now += NEXT_DAY
    reserved = case.reserve()
    case.cancel(reserved.job_id)
    assert case.fob_state() is FobState.RETURNED
    assert case.credential(reserved.credential_id).ended_how is EndedHow.CANCELLED
