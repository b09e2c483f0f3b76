"""Managers act for a list of users: a result for each, nothing for whom they may not, everything in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import (
    BadInput,
    CommitUnanswered,
    InputFault,
    NotFound,
    StoreFault,
    StoreUnavailable,
    WrongState,
)
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.manage_users import MOST_AT_ONCE, ManageUsersCommand, manage_users
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyAct, CompanyRole, UserOutcome
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.queries.company_users import company_view
from provisioning.store.tables import AuditEntry, Credential
from tests.company.conftest import INSTITUTION, Staffed
from tests.company.managing import do
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.fixtures.tokens import give_token

pytestmark = sqlite_only

LIFT, REVOKE, REPORT_LOSS = CompanyAct
DONE, TOO_LATE, UNAVAILABLE, UNKNOWN = UserOutcome


def test_whoever_was_lifted_meanwhile_is_told_with_time_and_name(
    company: Staffed, services: Services, now: datetime
) -> None:
    house = company.house
    house.suspend(company.general, company.other_general, company.second)
    ids = [house.token(user) for user in (company.general, company.other_general, company.second)]
    do(company, LIFT, company.master, ids[0], now=now)
    lift_suspension(services, LiftSuspensionCommand(INSTITUTION, ids[1], SYSTEM), now)
    later = now + timedelta(minutes=3)
    result = do(company, LIFT, company.first, *ids, now=later)
    told = [(one.outcome, one.earlier_at, one.earlier_by) for one in result.users]
    assert told == [(TOO_LATE, now, company.master.name), (TOO_LATE, now, ""), (DONE, None, "")]


@pytest.mark.parametrize(("act", "how"), [(REVOKE, EndedHow.REVOKED), (REPORT_LOSS, EndedHow.LOST)])
def test_revocation_and_loss_end_the_token_everywhere_at_once(
    company: Staffed, services: Services, now: datetime, act: CompanyAct, how: EndedHow
) -> None:
    house, user = company.house, company.master
    token = house.tokens[user.id]
    result = do(company, act, company.first, token.credential_id, now=now)
    assert [one.outcome for one in result.users] == [DONE]
    with services.store.read() as tx:
        row = tx.get_one(Credential, token.credential_id)
        by = set(tx.scalars(select(AuditEntry.actor_id).where(AuditEntry.act == "end_credential")))
    assert (row.state, row.ended_how, row.sealed_seed) == (CredentialState.ENDED, how, None)
    assert by == {company.first.id}
    command = VerifyCommand(INSTITUTION, user.user_id, token.code(now), SYSTEM)
    assert verify(services, command, now).outcome is Outcome.REFUSED
    again = do(company, act, company.second, token.credential_id, now=now)
    assert [(one.outcome, one.earlier_by) for one in again.users] == [(TOO_LATE, company.first.name)]


def test_after_a_revocation_there_is_a_wait_and_after_a_loss_none(company: Staffed, now: datetime) -> None:
    revoked = do(company, REVOKE, company.first, company.house.token(company.general), now=now)
    lost = do(company, REPORT_LOSS, company.first, company.house.token(company.other_general), now=now)
    assert revoked.users[0].may_log_in_from == now + timedelta(minutes=20)
    assert lost.users[0].may_log_in_from is None


@pytest.mark.parametrize("act", CompanyAct)
def test_never_for_oneself_and_nothing_by_a_general_user(company: Staffed, now: datetime, act: CompanyAct) -> None:
    house = company.house
    house.suspend(company.second)
    for by, of in (
        (company.first, company.first),
        (company.master, company.master),
        (company.general, company.second),
        (company.general, company.other_general),
    ):
        with pytest.raises(BadInput) as caught:
            do(company, act, by, house.token(company.second), house.token(of), now=now)
        assert (caught.value.field, caught.value.fault) in {
            ("users", InputFault.NOT_OFFERED),
            ("users", InputFault.BAD_FORM),
        }
    assert house.state(company.second) is CredentialState.SUSPENDED


@pytest.mark.parametrize("act", CompanyAct)
def test_a_stranger_in_the_list_is_not_found_and_stops_it_all(
    company: Staffed, elsewhere: Staffed, now: datetime, act: CompanyAct
) -> None:
    house = company.house
    house.suspend(company.general)
    elsewhere.house.suspend(elsewhere.general)
    private = add_customer(house.services, "123456780001", "dual")
    strange = give_token(house.services, private, now)
    for stranger in ("0" * 32, "", elsewhere.house.token(elsewhere.general), strange.credential_id):
        with pytest.raises(NotFound):
            do(company, act, company.first, house.token(company.general), stranger, now=now)
    assert house.state(company.general) is CredentialState.SUSPENDED
    assert elsewhere.house.state(elsewhere.general) is CredentialState.SUSPENDED


def test_whoever_belongs_to_no_company_or_elsewhere_is_no_manager(
    company: Staffed, services: Services, now: datetime
) -> None:
    nobody = add_customer(services, "123456780001", "dual")
    token = company.house.token(company.general)
    command = ManageUsersCommand(INSTITUTION, nobody.id, REVOKE, (token,), None, SYSTEM)
    for by, institution_id in ((nobody.id, "dual"), (nobody.id, INSTITUTION), (company.first.id, "dual")):
        with pytest.raises(NotFound):
            manage_users(services, replace(command, by=by, institution_id=institution_id), now)


def test_a_suspended_manager_does_nothing(company: Staffed, now: datetime) -> None:
    company.house.suspend(company.first)
    with pytest.raises(WrongState):
        do(company, REVOKE, company.first, company.house.token(company.general), now=now)


@pytest.mark.parametrize(
    ("ids", "fault"),
    [
        ([], InputFault.MISSING),
        (["1", "1"], InputFault.BAD_FORM),
        ([str(n) for n in range(MOST_AT_ONCE + 1)], InputFault.WRONG_LENGTH),
    ],
)
def test_a_list_that_cannot_be_used(company: Staffed, now: datetime, ids: list[str], fault: InputFault) -> None:
    with pytest.raises(BadInput) as caught:
        do(company, REVOKE, company.first, *ids, now=now)
    assert (caught.value.field, caught.value.fault) == ("users", fault)


def test_the_managers_own_confirmation_password_is_asked_for_and_locks(company: Staffed, now: datetime) -> None:
    house = company.house
    house.suspend(company.general)
    token = house.token(company.general)
    reasons = [
        do(company, LIFT, company.first, token, now=now, password="notThis1").reason
        for _ in range(house.services.institution(INSTITUTION).failure_limit)
    ]
    assert reasons == [*[Reason.CONFIRMATION_WRONG] * 4, Reason.CONFIRMATION_LOCKED]
    right = do(company, LIFT, company.first, token, now=now)
    assert (right.outcome, right.reason, right.users) == (Outcome.REFUSED, Reason.CONFIRMATION_LOCKED, ())
    assert house.state(company.general) is CredentialState.SUSPENDED
    with pytest.raises(BadInput):
        do(company, LIFT, company.second, token, now=now, password="")


def test_what_the_database_refuses_for_one_stops_nobody_else(
    company: Staffed, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = company.house
    users = (company.second, company.general, company.other_general)
    house.suspend(*users)
    write, refusing = house.services.store.write, iter([True, False, True])

    @contextmanager
    def sometimes(*_: object) -> Iterator[Session]:
        if next(refusing, False):
            raise StoreUnavailable(StoreFault.LOCKED)
        with write() as tx:
            yield tx

    command = ManageUsersCommand(
        INSTITUTION, company.first.id, LIFT, tuple(house.token(user) for user in users), None, SYSTEM
    )
    monkeypatch.setattr(house.services.store, "write", sometimes)
    result = manage_users(house.services, command, now)
    assert [one.outcome for one in result.users] == [UNAVAILABLE, DONE, UNAVAILABLE]
    states = [house.state(user) for user in users]
    assert states == [CredentialState.SUSPENDED, CredentialState.ACTIVE, CredentialState.SUSPENDED]


def test_what_the_database_may_have_done_for_one_is_not_told_as_refused(
    company: Staffed, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, (user, other) = company.house, (company.second, company.general)
    house.suspend(user, other)
    write, cut_off = house.services.store.write, iter([True])

    @contextmanager
    def cut_off_once(*_: object) -> Iterator[Session]:
        with write() as tx:
            yield tx
        if next(cut_off, False):
            raise CommitUnanswered(StoreFault.UNREACHABLE)

    command = ManageUsersCommand(
        INSTITUTION, company.first.id, LIFT, (house.token(user), house.token(other)), None, SYSTEM
    )
    monkeypatch.setattr(house.services.store, "write", cut_off_once)
    result = manage_users(house.services, command, now)
    assert [one.outcome for one in result.users] == [UNKNOWN, DONE]
    assert house.state(user) is CredentialState.ACTIVE, "it was done"


def test_where_it_cannot_be_read_who_was_first_the_others_are_told_all_the_same(
    company: Staffed, services: Services, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, (user, other) = company.house, (company.second, company.general)
    house.suspend(user, other)
    store, write = house.services.store, house.services.store.write

    def unreadable(*_: object) -> object:
        raise StoreUnavailable(StoreFault.LOCKED)

    @contextmanager
    def last_seen_alive(*_: object) -> Iterator[Session]:
        monkeypatch.setattr(store, "read", unreadable)
        with write() as tx:
            yield tx

    lift_suspension(services, LiftSuspensionCommand(INSTITUTION, house.token(other), SYSTEM), now)
    tokens = (house.token(user), house.token(other))
    with monkeypatch.context() as patch:
        patch.setattr(store, "write", last_seen_alive)
        command = ManageUsersCommand(INSTITUTION, company.first.id, LIFT, tokens, None, SYSTEM)
        result = manage_users(house.services, command, now)
    assert [(one.outcome, one.earlier_by) for one in result.users] == [(DONE, ""), (TOO_LATE, "")]


def test_the_institution_may_lift_whomever_nobody_in_the_company_can(company: Staffed, now: datetime) -> None:
    house = company.house
    house.suspend(*company.everybody)
    view = company_view(house.services, INSTITUTION, house.id, now)
    assert all(view.lifters(user.id) == () for user in company.everybody)
    lift_suspension(house.services, LiftSuspensionCommand(INSTITUTION, house.token(company.master), SYSTEM), now)
    view = company_view(house.services, INSTITUTION, house.id, now)
    for user in company.everybody[1:]:
        assert [one.role for one in view.lifters(user.id)] == [CompanyRole.MASTER]
