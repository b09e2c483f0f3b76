"""Transfers through the bank API: made within the limit, with what the institution asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.jobs.make_transfer import MakeTransferCommand, make_transfer
from provisioning.rules.money_transfer import Account, read_amount_yen
from provisioning.store.queries.money_transfers import transfer_desk
from web import current
from web.api.bank.acts.answers import Answer, decision, known
from web.api.bank.calls import Call
from web.api.bank.once import Act

_ACCOUNT: Final = ("bank", "branch", "account_number", "holder")


def _transfer(call: Call) -> Answer:
    command = MakeTransferCommand(
        call.institution.id,
        call.token.customer_id,
        read_amount_yen(call.fields["amount_yen"]),
        call.login,
        call.actor,
        payee_id=call.fields.get("payee_id"),
        account=_account(call) if call.fields.keys() & set(_ACCOUNT) else None,
        otp=call.fields.get("otp", ""),
        mail_password=call.fields.get("mail_password", ""),
    )
    made = make_transfer(current.services(), command, current.now())
    return decision(made.proved.outcome, made.proved.reason) | known(number=made.number)


def _add_payee(call: Call) -> Answer:
    account = _account(call)
    command = AddPayeeCommand(call.institution.id, call.token.customer_id, account, call.actor)
    return _payee(add_payee(current.services(), command, current.now()), account)


def _desk(call: Call) -> Answer:
    desk = transfer_desk(current.services(), call.token.customer_id, current.now())
    payees = [_payee(one.id, one.account) for one in desk.payees]
    return known(left_yen=desk.left_yen) | {"payees": payees}


def _account(call: Call) -> Account:
    return Account(*(call.fields.get(name, "") for name in _ACCOUNT))


def _payee(payee_id: str, account: Account) -> Answer:
    return {"payee_id": payee_id} | {name: getattr(account, name) for name in _ACCOUNT}


ACTS: Final[Mapping[str, Act]] = {"transfer": _transfer, "add_payee": _add_payee, "transfer_desk": _desk}
