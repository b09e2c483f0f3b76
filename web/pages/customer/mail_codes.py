"""Passwords by mail on the way to the pages that ask for them: sending, sending again, checking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import BadInput, NotFound, TooEarly, WrongState
from provisioning.jobs.ask_mail_password import AskMailPasswordCommand, ask_mail_password
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.own_addresses import SentCode, current_code
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms, sessions
from web.pages.customer.guard import actor, notify
from web.pages.customer.refusals import fault_of
from web.screens import Screen

FIELD: Final = "mail_password"


def sent(own: OwnStanding) -> SentCode | None:
    """What the customer's mailbox has got in this login; None for customers without the mail password."""
    return current_code(current.services(), own.customer_id, sessions.login_name(), current.now())


def send(own: OwnStanding, screen: Screen, address_id: str | None = None) -> None:
    """The button on `screen`: one more, to the address in use or to one that is to be confirmed."""
    forms.read_form()
    if not flow.is_repeat(screen):
        _ask(own, address_id)


def send_first(own: OwnStanding) -> None:
    """On the way to a screen that asks for one: sent unless one is there already."""
    found = sent(own)
    if found is not None and not found.on_its_way:
        _ask(own, None)


def fields(own: OwnStanding) -> tuple[str, ...]:
    """What a form asks customers with the mail password for."""
    return (FIELD,) if own.uses_mail_password else ()


def faults(own: OwnStanding, typed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Empty if the customer uses none or it is right, else the field with a code of `wording`."""
    if not own.uses_mail_password:
        return []
    command = CheckMailPasswordCommand(
        own.institution_id, own.customer_id, sessions.login_name(), typed[FIELD], actor(own)
    )
    try:
        result = check_mail_password(current.services(), command, current.now())
    except BadInput as fault:
        return [(fault.field, fault.fault)]
    return [] if result.outcome is Outcome.ACCEPTED else [fault_of(result.reason, FIELD)]


def _ask(own: OwnStanding, address_id: str | None) -> None:
    command = AskMailPasswordCommand(
        own.institution_id, own.customer_id, sessions.login_name(), actor(own), address_id
    )
    try:
        ask_mail_password(current.services(), command, current.now())
        notify("mail_password_sent")
    except TooEarly:
        notify("mail_password_too_often")
    except (NotFound, WrongState):
        notify("not_now")
