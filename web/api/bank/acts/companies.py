"""What a company's managers do for its other users, through the bank API (manual 004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import NotFound
from provisioning.jobs.manage_users import ManageUsersCommand, UserResult, manage_users
from provisioning.rules.company import CompanyAct
from provisioning.store.queries.company_users import CompanyUser, CompanyView, company_view
from provisioning.store.queries.own_standing import own_standing
from web import current
from web.api.bank.acts.answers import Answer, decision, known, told_of
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _manage(call: Call) -> Answer:
    asked = tuple(call.lists["credential_ids"])
    command = ManageUsersCommand(
        call.institution.id,
        call.token.customer_id,
        CompanyAct(call.fields["act"]),
        asked,
        call.confirmation_password,
        call.actor,
    )
    managed = manage_users(current.services(), command, current.now())
    # refused: nobody was looked at
    users = [_result(*each) for each in zip(asked, managed.users, strict=bool(managed.users))]
    return decision(managed.outcome, managed.reason) | {"users": users}


def _result(credential_id: str, result: UserResult) -> Answer:
    return known(
        login_id=result.login_id,
        credential_id=credential_id,
        result=result.outcome.value,
        state=result.state.value,
        may_log_in_from=result.may_log_in_from,
        earlier_at=result.earlier_at,
        earlier_by=result.earlier_by,
    )


def _company(call: Call) -> Answer:
    own = own_standing(current.services(), call.institution.id, call.token.customer_id)
    if own is None or own.company is None or not own.company.manages:
        raise NotFound("company")
    company = company_view(current.services(), call.institution.id, own.company.id, current.now())
    by = company.user(own.customer_id)
    told_of(call, "company", *(user.id for user in company.users))
    return {"name": company.name, "users": [_user(company, by, user) for user in company.users]}


def _user(company: CompanyView, by: CompanyUser, user: CompanyUser) -> Answer:
    token = user.token
    return {
        "login_id": user.login_id,
        "name": user.name,
        "role": user.role.value,
        "credential_id": token.credential_id if token else None,
        "state": token.state.value if token else "none",
        "open_to": [act.value for act in CompanyAct if user in company.open_to(act, by.member)],
    }


ACTS: Final[Mapping[str, Act]] = {"manage_users": _manage, "company": _company}
