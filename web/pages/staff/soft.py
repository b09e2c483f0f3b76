"""A soft token at the counter: the address, then the customer types the activation password on a own page.

Staff never see that password: the page shows nothing else, and is turned towards the customer (design §7, R18).
"""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    ApprovalRefused,
    BadInput,
    IssueRestricted,
    TooEarly,
)
from provisioning.jobs.check_soft_entry import (
    SoftEntry,
    check_mail_pair,
    check_password_pair,
    mail_fields,
    password_fields,
)
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft, refuse_without_grant
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.customers import CustomerCard
from web import current, flow, forms, setup_codes
from web.languages import language
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page, turned
from web.pages.staff.issue import may_issue, turned_away
from web.screens import Screen

soft = Blueprint("staff_soft", __name__, url_prefix="/staff/customers/<customer_id>/soft")


@soft.get("/")
@at_desk(StaffAct.ISSUE)
def entry(desk: Desk, customer_id: str) -> str | Response:
    """The customer's mail address, typed by the teller."""
    card = desk.card(customer_id)
    if not may_issue(card):
        return turned_away(card)
    again = telling.remembered(Screen.STAFF_SOFT_ENTRY, card.id)
    kept = _kept(card)
    values = again.values or (_everywhere(desk, kept["mail_address"]) if kept else {})
    return page("staff/soft_entry.html", desk, card=card, errors=again.errors, values=values)


@soft.post("/")
@at_desk(StaffAct.ISSUE)
def enter(desk: Desk, customer_id: str) -> Response:
    """次へ: keep the address, sealed."""
    typed = forms.read_form(*mail_fields(desk.institution))
    card = desk.card(customer_id)
    entered = SoftEntry(desk.institution.id, card.user_id, **typed)
    faults = check_mail_pair(current.services(), entered)
    if faults:
        telling.refuse(Screen.STAFF_SOFT_ENTRY, card.id, faults, typed)
        return redirect(url_for(".entry", customer_id=card.id), 303)
    telling.forget()
    kept = {"customer": card.id, "mail_address": typed["mail_address"]}
    flow.keep(Screen.STAFF_SOFT_ENTRY, kept)
    command = _command(desk, card, kept["mail_address"], "")
    try:
        refuse_without_grant(current.services(), command, current.now())
    except ApprovalNeeded:
        return (
            turned_away(card)
            if not may_issue(card)
            else telling.ask(command, url_for(".entry", customer_id=card.id))
        )
    except ApprovalRefused as refused:
        telling.tell_refusal(refused)
        return redirect(url_for(".entry", customer_id=card.id), 303)
    return redirect(url_for(".password", customer_id=card.id), 303)


@soft.get("/password")
@at_desk(StaffAct.ISSUE)
def password(desk: Desk, customer_id: str) -> str | Response:
    """The page turned to the customer, with nothing else on it."""
    card = desk.card(customer_id)
    if not may_issue(card):
        return turned_away(card)
    if _kept(card) is None:
        return redirect(url_for(".entry", customer_id=card.id), 303)
    errors = telling.remembered(Screen.STAFF_SOFT_PASSWORD, card.id).errors
    return turned("staff/soft_password.html", desk, card=card, errors=errors)


@soft.post("/password")
@at_desk(StaffAct.ISSUE)
def choose_password(desk: Desk, customer_id: str) -> Response:
    """決定する: everything at once."""
    typed = forms.read_form(*password_fields(desk.institution))
    card = desk.card(customer_id)
    kept = _kept(card)
    if kept is None:
        return redirect(url_for(".entry", customer_id=card.id), 303)
    entered = SoftEntry(desk.institution.id, card.user_id, **typed)
    faults = check_password_pair(current.services(), entered)
    if faults:
        telling.refuse(Screen.STAFF_SOFT_PASSWORD, card.id, faults)
        return redirect(url_for(".password", customer_id=card.id), 303)
    return _issue(desk, card, kept["mail_address"], typed["activation_password"])


@soft.get("/thanks")
@at_desk(StaffAct.ISSUE)
def thanks(desk: Desk, customer_id: str) -> str | Response:
    """Still turned to the customer: the set-up code, if there is one; please give the screen back."""
    issued = flow.kept(Screen.STAFF_SOFT_PASSWORD)
    card = desk.card(customer_id)
    if issued is None or issued["customer"] != card.id:
        return redirect(url_for("staff_customer.show", customer_id=card.id), 303)
    code = setup_codes.living(issued)
    return turned("staff/soft_thanks.html", desk, card=card, number=issued["number"], setup_code=code)


def _issue(desk: Desk, card: CustomerCard, mail_address: str, activation_password: str) -> Response:
    command = _command(desk, card, mail_address, activation_password)
    try:
        issued = issue_soft(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(Screen.STAFF_SOFT_ENTRY, card.id, [fault], _everywhere(desk, mail_address))
        return redirect(url_for(".entry", customer_id=card.id), 303)
    except ApprovalNeeded:
        return telling.ask(command, url_for("staff_customer.show", customer_id=card.id))
    except (AlreadyTaken, ApprovalRefused, TooEarly, IssueRestricted) as refused:
        flow.drop(Screen.STAFF_SOFT_ENTRY)
        telling.tell_refusal(refused)
        return redirect(url_for("staff_customer.show", customer_id=card.id), 303)
    flow.drop(Screen.STAFF_SOFT_ENTRY)
    kept = {"customer": card.id, "number": telling.number_now(desk)}
    flow.keep(Screen.STAFF_SOFT_PASSWORD, kept | setup_codes.facts(issued.setup_code))
    return redirect(url_for(".thanks", customer_id=card.id), 303)


def _command(desk: Desk, card: CustomerCard, mail_address: str, activation_password: str) -> IssueSoftCommand:
    return IssueSoftCommand(
        desk.institution.id, card.id, mail_address, activation_password, language(), desk.actor
    )


def _everywhere(desk: Desk, mail_address: str) -> dict[str, str]:
    """The address in every field that is for it."""
    return dict.fromkeys(mail_fields(desk.institution), mail_address)


def _kept(card: CustomerCard) -> dict[str, str] | None:
    """What was entered for this very customer."""
    kept = flow.kept(Screen.STAFF_SOFT_ENTRY)
    return kept if kept is not None and kept["customer"] == card.id else None
