"""Ending a token for a reason, and bringing a fob's codes back into step by two codes."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted, InputFault, WrongState
from provisioning.jobs.end_token import HOW, PAPERS, EndTokenCommand, end_token
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import EndedHow, EndReason, TokenKind
from provisioning.rules.verdict import Outcome
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.customer import own_credential, page_of
from web.pages.staff.desk import Desk, at_desk, page
from web.screens import Screen

ending = Blueprint("staff_ending", __name__, url_prefix="/staff/customers/<customer_id>")

_ONLY_PHONES: Final = frozenset({EndReason.CHANGE_OF_PHONE})


@ending.get("/end")
@at_desk(StaffAct.END)
def form(desk: Desk, customer_id: str) -> str | Response:
    """Why the token ends, and what follows from each reason."""
    card = desk.card(customer_id)
    token = card.open_token(request.args.get("token", ""))
    if token is None:
        return _back(customer_id)
    again = telling.remembered(Screen.STAFF_END, card.id)
    reasons = [reason for reason in EndReason if _fits(reason, token.kind)]
    return page(
        "staff/end.html", desk, card=card, token=token, reasons=reasons, how=HOW, ended_how=EndedHow,
        paper_of={reason: kind for reason, kind in PAPERS.items() if kind in desk.institution.papers},
        errors=again.errors, values=again.values or {"reason": request.args.get("reason", "")},
    )  # fmt: skip


@ending.post("/end")
@at_desk(StaffAct.END)
def end(desk: Desk, customer_id: str) -> Response:
    """トークンを終了する."""
    typed = forms.read_form("credential_id", "reason", "note")
    card = desk.card(customer_id)
    try:
        reason = _reason(typed["reason"])
        command = EndTokenCommand(desk.institution.id, typed["credential_id"], reason, desk.actor, typed["note"])

        def do() -> None:
            own_credential(card, command.credential_id)
            end_token(current.services(), command, current.now())

        return telling.act(desk, do, page_of(customer_id))
    except BadInput as fault:
        kept = {"reason": typed["reason"], "note": typed["note"]}
        telling.refuse(Screen.STAFF_END, card.id, [fault], kept)
        return redirect(url_for(".form", customer_id=customer_id, token=typed["credential_id"]), 303)


@ending.get("/resync")
@at_desk(StaffAct.MEND_DRIFT)
def resync_form(desk: Desk, customer_id: str) -> str | Response:
    """Two codes, one directly after the other."""
    card = desk.card(customer_id)
    if card.current is None or card.current.fob is None:
        return _back(customer_id)
    again = telling.remembered(Screen.STAFF_RESYNC, card.id)
    return page("staff/resync.html", desk, card=card, errors=again.errors)


@ending.post("/resync")
@at_desk(StaffAct.MEND_DRIFT)
def bring_into_step(desk: Desk, customer_id: str) -> Response:
    """同期する."""
    typed = forms.read_form("credential_id", "first", "second")
    card = desk.card(customer_id)
    command = ResyncCommand(
        desk.institution.id, typed["credential_id"], typed["first"], typed["second"], desk.actor
    )
    try:
        own_credential(card, command.credential_id)
        if resync(current.services(), command, current.now()).outcome is Outcome.ACCEPTED:
            return telling.to_act(desk)
        fault = BadInput("second", InputFault.DO_NOT_MATCH)
    except BadInput as refused:
        fault = refused
    except (WrongState, ClockUntrusted) as refused:
        telling.tell_refusal(refused)
        return _back(customer_id)
    telling.refuse(Screen.STAFF_RESYNC, card.id, [fault])
    return redirect(url_for(".resync_form", customer_id=customer_id), 303)


def _reason(typed: str) -> EndReason:
    if typed not in set(EndReason):
        raise BadInput("reason", InputFault.MISSING)
    return EndReason(typed)


def _fits(reason: EndReason, kind: TokenKind) -> bool:
    return kind is TokenKind.SOFT or reason not in _ONLY_PHONES


def _back(customer_id: str) -> Response:
    return redirect(page_of(customer_id), 303)
