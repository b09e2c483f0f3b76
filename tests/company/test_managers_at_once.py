"""What both databases must show of managers: several users in one go, two managers at once, who is able."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import select

from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyAct, UserOutcome
from provisioning.rules.states import CredentialState, EndedHow, Slot
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.company_users import company_view
from provisioning.store.tables import AuditEntry, Credential, Customer
from tests.company.conftest import INSTITUTION, Staffed
from tests.company.managing import do
from tests.fixtures.people import add_customer
from tests.fixtures.tokens import give_token

LIFT, REVOKE, REPORT_LOSS = CompanyAct
DONE, TOO_LATE, UNAVAILABLE, UNKNOWN = UserOutcome


def test_an_administrator_lifts_the_master_and_the_others_in_one_go(company: Staffed, now: datetime) -> None:
    house, suspended = company.house, (company.master, company.second, company.general)
    house.suspend(*suspended)
    result = do(company, LIFT, company.first, *(house.token(user) for user in suspended), now=now)
    assert result.outcome is Outcome.ACCEPTED
    assert [(one.login_id, one.outcome) for one in result.users] == [(user.login_id, DONE) for user in suspended]
    assert {one.state for one in result.users} == {CredentialState.ACTIVE}
    assert {house.state(user) for user in company.everybody} == {CredentialState.ACTIVE}
    with house.services.store.read() as tx:
        rows = tx.scalars(select(AuditEntry).where(AuditEntry.act == "lift_suspension")).all()
    assert [(row.actor_id, row.customer_id) for row in rows] == [(company.first.id, user.id) for user in suspended]


def test_two_managers_at_once_lift_each_once(company: Staffed, now: datetime) -> None:
    house, users = company.house, (company.second, company.general, company.other_general)
    house.suspend(*users)
    ids = [house.token(user) for user in users]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda by: do(company, LIFT, by, *ids, now=now), (company.master, company.first)))
    for mine, theirs in zip(both[0].users, both[1].users, strict=True):
        assert {mine.outcome, theirs.outcome} == {DONE, TOO_LATE}
    with house.services.store.read() as tx:
        lifted = tx.scalars(select(AuditEntry.id).where(AuditEntry.act == "lift_suspension")).all()
    assert len(lifted) == len(users)


def test_who_cannot_log_in_or_confirm_lifts_nobody(company: Staffed, now: datetime) -> None:
    house = company.house
    house.suspend(company.master)
    with house.services.store.write() as tx:
        tx.get_one(Customer, company.first.id).confirmation_failures = 5
        end_credential(
            tx,
            house.services,
            tx.get_one(Credential, house.token(company.second)),
            EndedHow.REVOKED,
            SYSTEM,
            now,
        )
    waiting = company_view(house.services, INSTITUTION, house.id, now)
    assert waiting.lifters(company.master.id) == ()
    over = company_view(house.services, INSTITUTION, house.id, now + timedelta(minutes=20))
    assert [one.id for one in over.lifters(company.master.id)] == [company.second.id]


def test_a_suspended_successor_is_lifted_too_and_the_token_in_use_is_what_is_lost(
    company: Staffed, now: datetime
) -> None:
    house, user = company.house, company.general
    spare = give_token(house.services, add_customer(house.services, "SPARE", INSTITUTION), now)
    with house.services.store.write() as tx:
        row = tx.get_one(Credential, spare.credential_id)
        row.customer_id, row.slot = user.id, Slot.SUCCESSOR
        row.state, row.resume_state = CredentialState.SUSPENDED, CredentialState.SET_UP
    view = company_view(house.services, INSTITUTION, house.id, now)
    by = view.user(company.first.id).member
    assert [one.id for one in view.open_to(LIFT, by)] == [user.id]
    told = {act: one for act in CompanyAct if (one := view.user(user.id).token_for(act))}
    assert told[LIFT].credential_id == spare.credential_id
    assert told[REVOKE].credential_id == told[REPORT_LOSS].credential_id == house.token(user)
    result = do(company, LIFT, company.first, spare.credential_id, now=now)
    assert [(one.outcome, one.state) for one in result.users] == [(DONE, CredentialState.SET_UP)]
