"""役席承認: what waits for a second person, one request in full, and what its maker is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from flask import Blueprint, redirect, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from provisioning.errors import ApprovalRefused, BadInput, NotFound, PasskeyRefused, WrongState
from provisioning.jobs.check_approval import signature_holds
from provisioning.jobs.end_approval import (
    ApprovalCommand,
    RefuseApprovalCommand,
    note_told,
    refuse_approval,
    withdraw_approval,
)
from provisioning.jobs.give_approval import GiveApprovalCommand, Signature, give_approval
from provisioning.jobs.passkey_options import approval_options
from provisioning.rules.approval import OPEN, ApprovalState
from provisioning.rules.permissions import StaffAct
from provisioning.rules.staff_proof import SignInProof
from provisioning.store.queries.approvals import LIST_LIMIT, ApprovalFilter, ApprovalView, approval, approvals
from provisioning.store.queries.timeline import number_of_act
from web import current, forms, sessions
from web.pages.staff import passkeys, telling
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.screens import Screen

approval_pages = Blueprint("staff_approvals", __name__, url_prefix="/staff/approvals")

_CLOSED: Final = 20


@approval_pages.get("/")
@at_desk()
def index(desk: Desk) -> str:
    """What waits, the longest first; the newest outcomes; and what this member of staff asked for themselves."""
    sees = ApprovalFilter(branch=desk.branch, with_customers=desk.may(StaffAct.SEE_CUSTOMERS))
    store, institution_id = current.services().store, desk.institution.id
    return page(
        "staff/approvals.html",
        desk,
        waiting=approvals(store, institution_id, replace(sees, is_open=True)),
        closed=approvals(store, institution_id, replace(sees, is_open=False, limit=_CLOSED)),
        mine=approvals(store, institution_id, ApprovalFilter(maker_id=desk.staff.id, limit=_CLOSED)),
        limit=LIST_LIMIT,
    )


@approval_pages.get("/<approval_id>/")
@at_desk()
def show(desk: Desk, approval_id: str) -> str:
    """One request: exactly what will happen, or what became of it. Its maker has then been told."""
    found = _request(desk, approval_id)
    is_own = found.maker_id == desk.staff.id
    if is_own and found.told_at is None:
        note_told(current.services(), ApprovalCommand(desk.institution.id, found.id, desk.actor), current.now())
    again = telling.remembered(Screen.STAFF_APPROVAL, found.id)
    stands = found.stands(current.now())
    return page(
        "staff/approval.html",
        desk,
        asked=found,
        stands=stands,
        is_own=is_own,
        by_demo=current.services().settings.server.demo,
        came_by_link=sessions.proof() is SignInProof.DEMO,
        may_sign=desk.may(StaffAct.APPROVE) and not is_own and stands is ApprovalState.WAITING and found.is_whole,
        may_withdraw=is_own and stands in OPEN,
        number=_number(desk, found),
        signed=signature_holds(current.services(), desk.institution.id, found.id),
        errors=again.errors,
        values=again.values,
    )


@approval_pages.post("/<approval_id>/options")
@at_desk(StaffAct.APPROVE)
def options(desk: Desk, approval_id: str) -> Response:
    """What the browser asks the passkey to sign: these very words, once, within minutes."""
    forms.read_form()
    found = _request(desk, approval_id)
    return passkeys.ask(approval_options(current.services(), desk.staff.id, found.digest, current.now()))


@approval_pages.post("/<approval_id>/give")
@at_desk(StaffAct.APPROVE)
def give(desk: Desk, approval_id: str) -> Response:
    """承認する: what was seen, signed; it is done at once."""
    typed = forms.read_form("seen", passkeys.RESPONSE_FIELD)
    signature = Signature(passkeys.challenge(), typed[passkeys.RESPONSE_FIELD])
    return _give(desk, approval_id, typed["seen"], signature)


@approval_pages.post("/<approval_id>/give-by-demo")
@at_desk(StaffAct.APPROVE)
def give_by_demo(desk: Desk, approval_id: str) -> Response:
    """承認する, by a person of a demonstration who has no passkey: refused everywhere else, and told apart."""
    return _give(desk, approval_id, forms.read_form("seen")["seen"], None)


@approval_pages.post("/<approval_id>/refuse")
@at_desk(StaffAct.APPROVE)
def refuse(desk: Desk, approval_id: str) -> Response:
    """承認しない."""
    typed = forms.read_form("objection")
    found = _request(desk, approval_id)
    command = RefuseApprovalCommand(desk.institution.id, found.id, typed["objection"], desk.actor)
    try:
        refuse_approval(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(Screen.STAFF_APPROVAL, found.id, [fault], typed)
    except ApprovalRefused as refused:
        notify("approval_refused", fault=refused.fault.value)
    except WrongState as refused:
        telling.tell_refusal(refused)
    else:
        telling.forget()
    return redirect(_page_of(found), 303)


@approval_pages.post("/<approval_id>/withdraw")
@at_desk()
def withdraw(desk: Desk, approval_id: str) -> Response:
    """取り下げる."""
    forms.read_form()
    found = _request(desk, approval_id)
    if found.maker_id != desk.staff.id:
        raise Forbidden
    command = ApprovalCommand(desk.institution.id, found.id, desk.actor)
    try:
        withdraw_approval(current.services(), command, current.now())
    except WrongState as refused:
        telling.tell_refusal(refused)
    return redirect(_page_of(found), 303)


def _request(desk: Desk, approval_id: str) -> ApprovalView:
    """One that they see: of their branch or of the whole institution. Raises NotFound."""
    found = approval(current.services().store, desk.institution.id, approval_id)
    if not desk.sees(found.branch):
        raise NotFound("approval")
    if found.customer_id is not None and not desk.may(StaffAct.SEE_CUSTOMERS):
        raise NotFound("approval")
    return found


def _give(desk: Desk, approval_id: str, seen: str, signature: Signature | None) -> Response:
    found = _request(desk, approval_id)
    command = GiveApprovalCommand(desk.institution.id, found.id, _digest(seen), desk.actor, signature)
    try:
        give_approval(current.services(), command, current.now())
    except (ApprovalRefused, PasskeyRefused) as refused:
        notify("approval_refused", fault=refused.fault.value)
    except WrongState as refused:
        telling.tell_refusal(refused)
    return redirect(_page_of(found), 303)


def _digest(typed: str) -> bytes:
    try:
        return bytes.fromhex(typed)
    except ValueError:
        return b""


def _number(desk: Desk, found: ApprovalView) -> int | None:
    """Number of what was done, for the page that tells of it."""
    if found.state is not ApprovalState.DONE or found.closed_at is None:
        return None
    try:
        return number_of_act(current.services().store, desk.institution.id, found.maker_id, found.closed_at)
    except NotFound:
        return None


def _page_of(found: ApprovalView) -> str:
    return url_for(".show", approval_id=found.id)
