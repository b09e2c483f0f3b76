"""The customer page: where they stand, the one next act, the life of every token, mails and their fate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from provisioning.errors import NotFound, WrongState
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.cancel_application import CancelApplicationCommand, cancel_application
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.passwords import UnlockPasswordsCommand, unlock_passwords
from provisioning.jobs.reset_drift import ResetDriftCommand, reset_drift
from provisioning.rules.actor import Actor
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.queries.approvals import ApprovalFilter, approvals
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.queries.papers import PaperFilter, papers
from provisioning.store.queries.timeline import timeline
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page

customer = Blueprint("staff_customer", __name__, url_prefix="/staff/customers/<customer_id>")


@customer.get("/")
@at_desk(StaffAct.SEE_CUSTOMERS)
def show(desk: Desk, customer_id: str) -> str:
    """Everything of one customer."""
    card = desk.card(customer_id)
    return page(
        "staff/customer.html",
        desk,
        card=card,
        papers=papers(current.services().store, desk.institution.id, PaperFilter(customer_id=card.id, limit=10)),
        asked=approvals(
            current.services().store, desk.institution.id, ApprovalFilter(customer_id=card.id, is_open=True)
        ),
        story=timeline(current.services().store, desk.institution.id, card.id),
        mails=mails(current.services(), desk.institution.id, MailFilter(customer_id=card.id, limit=20)),
    )


@customer.post("/lift")
@at_desk(StaffAct.LIFT)
def lift(desk: Desk, customer_id: str) -> Response:
    """利用停止を解除する."""
    seen = forms.read_form("credential_id")["credential_id"]
    card = desk.card(customer_id)
    command = LiftSuspensionCommand(desk.institution.id, seen, desk.actor)

    def do() -> None:
        own_credential(card, seen)
        lift_suspension(current.services(), command, current.now())

    return telling.act(desk, do, page_of(customer_id), asks=command)


@customer.post("/unlock")
@at_desk(StaffAct.MEND_PASSWORDS)
def unlock(desk: Desk, customer_id: str) -> Response:
    """パスワードのロックを解除する."""
    forms.read_form()
    command = UnlockPasswordsCommand(desk.institution.id, desk.card(customer_id).id, desk.actor)
    return telling.act(
        desk, lambda: unlock_passwords(current.services(), command, current.now()), page_of(customer_id)
    )


@customer.post("/reset-drift")
@at_desk(StaffAct.MEND_DRIFT)
def forget_drift(desk: Desk, customer_id: str) -> Response:
    """ずれを0に戻す."""
    return _act_on_token(desk, customer_id, reset_drift, ResetDriftCommand)


@customer.post("/cancel-issuance")
@at_desk(StaffAct.ISSUE)
def cancel(desk: Desk, customer_id: str) -> Response:
    """発行を取り消す: a soft token that is not in force yet."""
    return _act_on_token(desk, customer_id, cancel_issuance, CancelIssuanceCommand)


@customer.post("/apply")
@at_desk(StaffAct.ISSUE)
def apply_soft(desk: Desk, customer_id: str) -> Response:
    """利用申込を登録する: the customer's next login issues the soft token."""
    forms.read_form()
    if not desk.institution.issuance.needs_application:
        raise NotFound("page")
    command = ApplyCommand(desk.institution.id, desk.card(customer_id).id, TokenKind.SOFT, desk.actor)
    return telling.act(desk, lambda: apply(current.services(), command, current.now()), page_of(customer_id))


@customer.post("/cancel-application")
@at_desk(StaffAct.ISSUE)
def cancel_applied(desk: Desk, customer_id: str) -> Response:
    """申込を取り消す."""
    typed = forms.read_form("application_id")
    card = desk.card(customer_id)
    command = CancelApplicationCommand(desk.institution.id, typed["application_id"], desk.actor, card.id)
    return telling.act(
        desk, lambda: cancel_application(current.services(), command, current.now()), page_of(customer_id)
    )


_Command = TypeVar("_Command", ResetDriftCommand, CancelIssuanceCommand)


def _act_on_token(
    desk: Desk,
    customer_id: str,
    job: Callable[[Services, _Command, datetime], object],
    command: Callable[[str, str, Actor], _Command],
) -> Response:
    """Do `job` on the credential that the page showed, which is found changed or not."""
    seen = forms.read_form("credential_id")["credential_id"]
    card = desk.card(customer_id)

    def do() -> None:
        own_credential(card, seen)
        job(current.services(), command(desk.institution.id, seen, desk.actor), current.now())

    return telling.act(desk, do, page_of(customer_id))


def own_credential(card: CustomerCard, seen: str) -> None:
    """The credential is this customer's, open or ended last. Raises WrongState otherwise: the page is old."""
    known = {item.id for item in (card.current, card.successor, card.last_ended) if item is not None}
    if seen not in known:
        raise WrongState("credential", "unknown")


def page_of(customer_id: str) -> str:
    """Address of a customer's page."""
    return url_for("staff_customer.show", customer_id=customer_id)
