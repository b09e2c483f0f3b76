"""Masters and administrators lift, revoke and report lost for other users of their company (manual 004).

Each user is a transaction of their own: whoever was lifted or revoked by somebody else meanwhile, or cannot be
written now, keeps nobody else waiting, and what is answered for each was committed with its audit row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, CommitUnanswered, InputFault, NotFound, StoreUnavailable, WrongState
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import Actor
from provisioning.rules.company import CompanyAct, CompanyRole, Member, UserOutcome, allows
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.timetable import wait_after_revocation
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.own_rows import own_row
from provisioning.store.queries.company_users import CompanyUser, company_view
from provisioning.store.tables import AuditEntry, Credential, Customer

MOST_AT_ONCE: Final = 200
_ENDED_HOW: Final = {CompanyAct.REVOKE: EndedHow.REVOKED, CompanyAct.REPORT_LOSS: EndedHow.LOST}


@dataclass(frozen=True, slots=True)
class ManageUsersCommand:
    """`by` does `act` for the users whose tokens are named (credential IDs, as the list showed them).

    `confirmation_password` is the manager's; None: the bank's own system has checked it.
    """

    institution_id: str
    by: str
    act: CompanyAct
    credential_ids: tuple[str, ...]
    confirmation_password: str | None = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class UserResult:
    """One user. `state` is the token's after it all, where that is known; `may_log_in_from` ends a wait that
    began with this.

    Of who was TOO_LATE: `earlier_at` and `earlier_by` (a customer's name; empty: staff or bank), where known.
    """

    customer_id: str
    login_id: str
    name: str
    role: CompanyRole
    outcome: UserOutcome
    state: CredentialState
    may_log_in_from: datetime | None = None
    earlier_at: datetime | None = None
    earlier_by: str = ""


@dataclass(frozen=True, slots=True)
class ManageUsersResult:
    """ACCEPTED: `users` in the order asked for. REFUSED because of the confirmation password: nothing was done."""

    outcome: Outcome
    reason: Reason | None = None
    users: tuple[UserResult, ...] = ()


def manage_users(services: Services, command: ManageUsersCommand, now: datetime) -> ManageUsersResult:
    """Do it for each in turn, and say what became of each.

    Raises, before anything is done, NotFound (no such manager; a token of no user of this company), WrongState
    (the manager is suspended), BadInput (`users`: none, too many, one twice, or not for this manager to do).
    """
    chosen = _chosen(services, command, now)
    refused = _check_confirmation(services, command, now)
    if refused is not None:
        return ManageUsersResult(Outcome.REFUSED, refused)
    done = tuple(_do(services, command, user, credential_id, now) for credential_id, user in chosen.items())
    return ManageUsersResult(Outcome.ACCEPTED, users=done)


def _chosen(services: Services, command: ManageUsersCommand, now: datetime) -> dict[str, CompanyUser]:
    """The user of each credential, all of them looked at before anything is done for one."""
    ids = command.credential_ids
    if not ids:
        raise BadInput("users", InputFault.MISSING)
    if len(ids) > MOST_AT_ONCE:
        raise BadInput("users", InputFault.WRONG_LENGTH)
    if len(set(ids)) != len(ids):
        raise BadInput("users", InputFault.BAD_FORM)
    with services.store.read() as tx:
        company_id = _company_of(tx, command)
        owners = dict(
            tx.execute(select(Credential.id, Credential.customer_id).where(Credential.id.in_(ids))).all()
        )
    company = company_view(services, command.institution_id, company_id, now)
    by = company.user(command.by)
    if by.is_suspended:
        raise WrongState("credential", CredentialState.SUSPENDED.value)
    known = {user.id: user for user in company.users}
    if not all(owners.get(one) in known for one in ids):
        raise NotFound("credential")
    chosen = {one: known[owners[one]] for one in ids}
    if not _all_allowed(command.act, by.member, chosen):
        raise BadInput("users", InputFault.NOT_OFFERED)
    return chosen


def _company_of(tx: Session, command: ManageUsersCommand) -> str:
    by = own_row(tx, Customer, command.by, command.institution_id)
    if by.company_id is None:
        raise NotFound("customer")
    return by.company_id


def _all_allowed(act: CompanyAct, by: Member, chosen: dict[str, CompanyUser]) -> bool:
    return all(allows(act, by, user.member) for user in chosen.values())


def _check_confirmation(services: Services, command: ManageUsersCommand, now: datetime) -> Reason | None:
    if command.confirmation_password is None:
        return None
    check = CheckConfirmationCommand(
        command.institution_id, command.by, command.confirmation_password, command.actor
    )
    return check_confirmation(services, check, now).confirmation_fault


def _do(
    services: Services, command: ManageUsersCommand, user: CompanyUser, credential_id: str, now: datetime
) -> UserResult:
    told = (user.id, user.login_id, user.name, user.role)
    try:
        if command.act is CompanyAct.LIFT:
            lift = LiftSuspensionCommand(command.institution_id, credential_id, command.actor)
            return UserResult(*told, UserOutcome.DONE, lift_suspension(services, lift, now))
        how = _ENDED_HOW[command.act]
        revoke(services, RevokeCommand(command.institution_id, credential_id, how, command.actor), now)
        return UserResult(
            *told, UserOutcome.DONE, CredentialState.ENDED, may_log_in_from=_wait(services, command, now)
        )
    except WrongState as refused:
        state = CredentialState(refused.state)
        at, by = _earlier(services, state, user.id, credential_id)
        return UserResult(*told, UserOutcome.TOO_LATE, state, earlier_at=at, earlier_by=by)
    except StoreUnavailable as unavailable:
        token = user.token_for(command.act)
        state = token.state if token else CredentialState.ENDED
        is_unknown = isinstance(unavailable, CommitUnanswered)
        return UserResult(*told, UserOutcome.UNKNOWN if is_unknown else UserOutcome.UNAVAILABLE, state)


def _wait(services: Services, command: ManageUsersCommand, now: datetime) -> datetime | None:
    waits = services.institution(command.institution_id).wait_after_revocation
    return wait_after_revocation(now) if waits and command.act is CompanyAct.REVOKE else None


def _earlier(
    services: Services, state: CredentialState, customer_id: str, credential_id: str
) -> tuple[datetime | None, str]:
    """When and by which user of the company the token was last brought there.

    Unknown where that cannot be read now: what was done for others is to be told all the same.
    """
    act = "end_credential" if state is CredentialState.ENDED else "lift_suspension"
    query = (
        select(AuditEntry.at, Customer.name)
        .outerjoin(Customer, Customer.id == AuditEntry.actor_id)
        .where(AuditEntry.customer_id == customer_id, AuditEntry.credential_id == credential_id)
        .where(AuditEntry.act == act)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    try:
        with services.store.read() as tx:
            row = tx.execute(query).first()
    except StoreUnavailable:
        row = None
    return (None, "") if row is None else (row[0], row[1] or "")
