"""Mails and their fate, and sending the issue mail again: to the same address, or to a corrected one."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import ApprovalNeeded, BadInput, NotFound, WrongState
from provisioning.jobs.check_soft_entry import (
    SoftEntry,
    check_mail_pair,
    check_password_pair,
    mail_fields,
    password_fields,
)
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.mails import MailFilter, MailState, MailView, mail, mails
from web import current, flow, forms, setup_codes
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page, turned
from web.screens import Screen

mail_pages = Blueprint("staff_mails", __name__, url_prefix="/staff/mails")

_KEPT: Final = Screen.STAFF_RESEND


@mail_pages.get("/")
@at_desk(StaffAct.SEE_CUSTOMERS)
def index(desk: Desk) -> str:
    """The branch's mails, newest first."""
    only = request.args.get("only", "")
    state = MailState(only) if only in set(MailState) else None
    wanted = MailFilter(
        branch=desk.branch,
        states=(state,) if state else (),
        only_undelivered=only == "undelivered",
    )
    found = mails(current.services(), desk.institution.id, wanted)
    return page("staff/mails.html", desk, mails=found, only=only, states=MailState, limit=wanted.limit)


@mail_pages.get("/<mail_id>/again")
@at_desk(StaffAct.RESEND_MAIL)
def again(desk: Desk, mail_id: str) -> str | Response:
    """To the same address or to a corrected one; a new password where the old ticket has forgotten it."""
    found, card = _found(desk, mail_id)
    if not found.may_resend:
        telling.tell_refusal(WrongState("mail", found.state.value))
        return redirect(url_for("staff_customer.show", customer_id=card.id), 303)
    refused = telling.remembered(Screen.STAFF_RESEND, found.id)
    return page(
        "staff/resend.html", desk, mail=found, card=card, needs_password=_needs_password(desk, card),
        errors=refused.errors, values=refused.values,
    )  # fmt: skip


@mail_pages.post("/<mail_id>/again")
@at_desk(StaffAct.RESEND_MAIL)
def send_again(desk: Desk, mail_id: str) -> Response:
    """再送する, or on to the page where the customer chooses a new password."""
    typed = forms.read_form(*mail_fields(desk.institution))
    found, card = _found(desk, mail_id)
    if any(typed.values()):
        entered = SoftEntry(desk.institution.id, card.user_id, **typed)
        faults = check_mail_pair(current.services(), entered)
        if faults:
            telling.refuse(Screen.STAFF_RESEND, found.id, faults, typed)
            return redirect(url_for(".again", mail_id=found.id), 303)
    address = typed["mail_address"]
    telling.forget()
    if _needs_password(desk, card):
        flow.keep(_KEPT, {"mail": found.id, "mail_address": address})
        return redirect(url_for(".password", mail_id=found.id), 303)
    return _resend(desk, found, card, address, None)


@mail_pages.get("/<mail_id>/password")
@at_desk(StaffAct.RESEND_MAIL)
def password(desk: Desk, mail_id: str) -> str | Response:
    """Turned to the customer, as at the issuance."""
    found, card = _found(desk, mail_id)
    if _kept(found) is None:
        return redirect(url_for(".again", mail_id=found.id), 303)
    errors = telling.remembered(Screen.STAFF_SOFT_PASSWORD, found.id).errors
    action = url_for(".choose_password", mail_id=found.id)
    return turned("staff/soft_password.html", desk, card=card, errors=errors, action=action)


@mail_pages.post("/<mail_id>/password")
@at_desk(StaffAct.RESEND_MAIL)
def choose_password(desk: Desk, mail_id: str) -> Response:
    """決定する."""
    typed = forms.read_form(*password_fields(desk.institution))
    found, card = _found(desk, mail_id)
    kept = _kept(found)
    if kept is None:
        return redirect(url_for(".again", mail_id=found.id), 303)
    entered = SoftEntry(desk.institution.id, card.user_id, **typed)
    faults = check_password_pair(current.services(), entered)
    if faults:
        telling.refuse(Screen.STAFF_SOFT_PASSWORD, found.id, faults)
        return redirect(url_for(".password", mail_id=found.id), 303)
    return _resend(desk, found, card, kept["mail_address"], typed["activation_password"])


def _resend(
    desk: Desk, found: MailView, card: CustomerCard, address: str, activation_password: str | None
) -> Response:
    command = ResendIssueMailCommand(
        desk.institution.id,
        found.credential_id or "",
        None,  # the customer's language, whatever the console's is
        desk.actor,
        mail_address=address or None,
        activation_password=activation_password,
    )
    try:
        resent = resend_issue_mail(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(Screen.STAFF_RESEND, found.id, [fault])
        return redirect(url_for(".again", mail_id=found.id), 303)
    except (ApprovalNeeded, WrongState) as refused:
        telling.tell_refusal(refused)
        return redirect(url_for("staff_customer.show", customer_id=card.id), 303)
    flow.drop(_KEPT)
    if activation_password is None:
        return telling.to_act(desk)
    kept = {"customer": card.id, "number": telling.number_now(desk)}
    flow.keep(Screen.STAFF_SOFT_PASSWORD, kept | setup_codes.facts(resent.setup_code))
    return redirect(url_for("staff_soft.thanks", customer_id=card.id), 303)


def _found(desk: Desk, mail_id: str) -> tuple[MailView, CustomerCard]:
    """The mail and its customer. Raises NotFound."""
    found = mail(current.services(), desk.institution.id, mail_id, desk.branch)
    if found.credential_id is None:
        raise NotFound("mail")
    return found, desk.card(found.customer_id)


def _needs_password(desk: Desk, card: CustomerCard) -> bool:
    """The ticket is void or expired: nobody knows the password any more, the customer chooses a new one.

    So they do where there are set-up codes: a new one is shown to them on the page after it.
    """
    if desk.institution.needs_setup_code:
        return True
    until = card.current.ticket_until if card.current else None
    return until is None or until <= current.now()


def _kept(found: MailView) -> dict[str, str] | None:
    kept = flow.kept(_KEPT)
    return kept if kept is not None and kept["mail"] == found.id else None
