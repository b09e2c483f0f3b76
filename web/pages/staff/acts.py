"""The page after an act, by its number: what was done, what to tell the customer, what can still be undone."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import NotFound
from provisioning.rules.actor import ActorKind
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import EndedHow
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.fobs import FobView
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.queries.staff import staff_member
from provisioning.store.queries.timeline import Event, event
from web import current
from web.pages.staff.act_words import act_words
from web.pages.staff.desk import Desk, at_desk, page

acts = Blueprint("staff_acts", __name__, url_prefix="/staff/acts")


@acts.get("/<int:number>")
@at_desk()
def show(desk: Desk, number: int) -> str | Response:
    """One act of staff of this branch; it can be printed, and opened again by its number."""
    done = event(current.services().store, desk.institution.id, number, desk.branch)
    told = act_words(done)
    card = _card(desk, done)
    if told is None or done.actor_kind is not ActorKind.STAFF:
        if card is None:
            raise NotFound("act")
        return redirect(url_for("staff_customer.show", customer_id=card.id), 303)
    mail = mails(current.services(), desk.institution.id, MailFilter(customer_id=card.id, limit=1)) if card else ()
    fob = _fob(desk, done)
    return page(
        "staff/act.html", desk, done=done, told=told, card=card, fob=fob, mail=mail[0] if mail else None,
        ended_how=EndedHow, approver=_approver(done),
    )  # fmt: skip


def _card(desk: Desk, done: Event) -> CustomerCard | None:
    if done.customer_id is None or not desk.may(StaffAct.SEE_CUSTOMERS):
        return None
    try:
        return desk.card(done.customer_id)
    except NotFound:
        return None


def _approver(done: Event) -> str:
    """Who allowed it, where the institution asks for a second person."""
    approver_id = done.facts.get("approver")
    try:
        return staff_member(current.services().store, approver_id).name if approver_id else ""
    except NotFound:
        return ""


def _fob(desk: Desk, done: Event) -> FobView | None:
    if done.fob_id is None:
        return None
    try:
        return desk.fob(done.fob_id)
    except NotFound:
        return None
