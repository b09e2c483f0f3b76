"""A customer applies for a fob in the portal; the branch fulfils it (利用申込, 受付番号)."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from provisioning.errors import AlreadyTaken, BadInput, NotFound, WrongState
from provisioning.jobs.apply import Applied, ApplyCommand
from provisioning.jobs.apply import apply as apply_for
from provisioning.jobs.cancel_application import CancelApplicationCommand, cancel_application
from provisioning.rules.states import TokenKind
from provisioning.store.tables import Application, ApplicationState
from tests.fixtures.databases import postgresql_only
from tests.fixtures.people import customer_actor
from tests.fobs.case import Case
from tests.fobs.test_two_at_once import at_once


def apply(case: Case) -> Applied:
    """The customer applies."""
    command = ApplyCommand("dual", case.customer.id, TokenKind.HARD, customer_actor(case.customer))
    return apply_for(case.services, command, case.now)


def states(case: Case) -> list[ApplicationState]:
    """Of every application, oldest first."""
    with case.services.store.read() as session:
        return list(session.scalars(select(Application.state).order_by(Application.made_at, Application.id)))


def test_an_application_has_a_number_and_is_fulfilled_by_the_proved_fob(case: Case) -> None:
    applied = apply(case)
    assert re.fullmatch(r"261120-[0-9]{6}", applied.number)
    case.desk.plug(case.fob)
    case.reserve(application_id=applied.application_id)
    assert states(case) == [ApplicationState.OPEN]
    case.desk.work()
    assert states(case) == [ApplicationState.FULFILLED]
    with pytest.raises(WrongState):
        apply(case)


def test_an_application_is_fulfilled_even_if_the_teller_did_not_name_it(case: Case) -> None:
    apply(case)
    case.desk.plug(case.fob)
    case.reserve()
    case.desk.work()
    assert states(case) == [ApplicationState.FULFILLED]


def test_one_application_is_open_at_a_time(case: Case) -> None:
    won, lost = at_once(*[lambda: apply(case)] * 3)
    assert (len(won), lost) == (1, [AlreadyTaken("application")] * 2)


def test_a_customer_with_a_token_does_not_apply(case: Case) -> None:
    case.reserve()
    with pytest.raises(WrongState) as refused:
        apply(case)
    assert refused.value == WrongState("credential", "issued")


def test_an_application_is_withdrawn_once_and_by_its_owner(case: Case) -> None:
    applied = apply(case)
    command = CancelApplicationCommand(
        "dual", applied.application_id, customer_actor(case.customer), case.customer.id
    )
    for foreign in (replace(command, institution_id="other"), replace(command, customer_id="0" * 32)):
        with pytest.raises(NotFound):
            cancel_application(case.services, foreign, case.now)
    cancel_application(case.services, command, case.now)
    assert states(case) == [ApplicationState.CANCELLED]
    with pytest.raises(WrongState):
        cancel_application(case.services, command, case.now)
    with pytest.raises(WrongState):
        case.reserve(application_id=applied.application_id)
    apply(case)


def test_an_institution_without_fobs_takes_no_application(case: Case) -> None:
    soft_only = replace(case.services.institutions["dual"], kinds=(TokenKind.SOFT,))
    services = replace(case.services, institutions={"dual": soft_only})
    with pytest.raises(BadInput):
        apply(replace(case, services=services))
    with pytest.raises(BadInput):
        replace(case, services=services).reserve()


@postgresql_only
def test_who_withdraws_what_was_fulfilled_just_now_is_told_so(case: Case) -> None:
    """And not what the act itself would have made of it."""
    command = CancelApplicationCommand("dual", apply(case).application_id, case.teller)
    with ThreadPoolExecutor(1) as pool:
        with case.services.store.write() as tx:
            tx.execute(update(Application).values(state=ApplicationState.FULFILLED, closed_at=case.now))
            second = pool.submit(cancel_application, case.services, command, case.now)
            threading.Event().wait(0.3)
        with pytest.raises(WrongState) as refused:
            second.result(timeout=30)
    assert refused.value == WrongState("application", "fulfilled")
