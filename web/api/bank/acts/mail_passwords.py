"""Passwords by mail through the bank API, and the addresses that they and notices go to (manual 002)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.jobs.ask_mail_password import AskMailPasswordCommand, ask_mail_password
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.jobs.confirm_address import ConfirmAddressCommand, confirm_address
from provisioning.jobs.end_login import EndLoginCommand, end_login
from provisioning.jobs.end_mail_password import EndMailPasswordCommand, end_mail_password
from provisioning.jobs.propose_address import ProposeAddressCommand, propose_address
from provisioning.rules.address_use import AddressUse
from provisioning.store.queries.own_addresses import own_addresses
from web import current
from web.api.bank.acts.answers import Answer, decision, known, told_of
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _send(call: Call) -> Answer:
    command = AskMailPasswordCommand(
        call.institution.id, call.token.customer_id, call.login, call.actor, call.fields.get("address_id")
    )
    return {"mail_id": ask_mail_password(current.services(), command, current.now())}


def _check(call: Call) -> Answer:
    command = CheckMailPasswordCommand(
        call.institution.id, call.token.customer_id, call.login, call.fields["mail_password"], call.actor
    )
    checked = check_mail_password(current.services(), command, current.now())
    return decision(checked.outcome, checked.reason)


def _end(call: Call) -> Answer:
    command = EndMailPasswordCommand(
        call.institution.id,
        call.token.customer_id,
        call.login,
        call.fields["mail_password"],
        call.confirmation_password,
        call.actor,
    )
    proved = end_mail_password(current.services(), command, current.now())
    return decision(proved.outcome, proved.reason)


def _end_login(call: Call) -> Answer:
    command = EndLoginCommand(call.institution.id, call.token.customer_id, call.login)
    end_login(current.services(), command)
    return decision("accepted", None)


def _addresses(call: Call) -> Answer:
    customer_id = call.token.customer_id
    stored = own_addresses(current.services(), customer_id)
    told_of(call, "addresses", customer_id)
    told = [
        known(use=one.use.value, masked_address=one.masked_address, retired_at=one.retired_at) for one in stored
    ]
    return {"addresses": told}


def _propose(call: Call) -> Answer:
    command = ProposeAddressCommand(
        call.institution.id,
        call.token.customer_id,
        AddressUse(call.fields["use"]),
        mail_address=call.fields["mail_address"],
        mail_address_again=None,
        language=call.fields.get("language", "ja"),
        login=call.login,
        actor=call.actor,
        mail_password=call.fields.get("mail_password", ""),
    )
    proposed = propose_address(current.services(), command, current.now())
    return decision(proposed.outcome, proposed.reason) | known(address_id=proposed.address_id)


def _confirm(call: Call) -> Answer:
    command = ConfirmAddressCommand(
        call.institution.id,
        call.token.customer_id,
        call.fields["address_id"],
        call.login,
        call.fields["mail_password"],
        call.confirmation_password,
        call.actor,
        call.fields.get("otp", ""),
    )
    proved = confirm_address(current.services(), command, current.now())
    return decision(proved.outcome, proved.reason)


ACTS: Final[Mapping[str, Act]] = {
    "send_mail_password": _send,
    "check_mail_password": _check,
    "end_mail_password": _end,
    "end_login": _end_login,
    "addresses": _addresses,
    "propose_address": _propose,
    "confirm_address": _confirm,
}
