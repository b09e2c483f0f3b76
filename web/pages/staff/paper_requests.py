"""書面による手続き: forms that customers hand in, from the counter to their outcome."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound
from provisioning.jobs.close_paper import (
    CarryOutPaperCommand,
    RefusePaperCommand,
    carry_out_paper,
    refuse_paper,
)
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.papers import ACTS_OF, ENDS, IdentityCheck, PaperAct
from provisioning.rules.permissions import StaffAct
from provisioning.rules.search_text import normal
from provisioning.rules.states import CredentialState
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.papers import LIST_LIMIT, PaperFilter, PaperView, paper, papers
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.screens import Screen

paper_requests = Blueprint("staff_requests", __name__, url_prefix="/staff")

_TAKEN: Final = ("kind", "form_number", "identity_check", "note")


@paper_requests.get("/requests/")
@at_desk(StaffAct.SEE_CUSTOMERS)
def index(desk: Desk) -> str:
    """Those without an outcome, the longest waiting first, and the newest with one."""
    store = current.services().store
    return page(
        "staff/requests.html",
        desk,
        waiting=papers(store, desk.institution.id, PaperFilter(branch=desk.branch, is_open=True)),
        closed=papers(store, desk.institution.id, PaperFilter(branch=desk.branch, is_open=False, limit=20)),
        limit=LIST_LIMIT,
    )


@paper_requests.get("/customers/<customer_id>/requests/new")
@at_desk(StaffAct.TAKE_PAPERS)
def form(desk: Desk, customer_id: str) -> str:
    """What stands on the form, and who brought it."""
    card = desk.card(customer_id)
    if not desk.institution.papers:
        raise NotFound("paper")
    again = telling.remembered(Screen.STAFF_TAKE_PAPER, card.id)
    values = again.values or {"kind": request.args.get("kind", "")}
    return page(
        "staff/take_paper.html", desk, card=card, checks=tuple(IdentityCheck), errors=again.errors, values=values
    )


@paper_requests.post("/customers/<customer_id>/requests/new")
@at_desk(StaffAct.TAKE_PAPERS)
def take(desk: Desk, customer_id: str) -> Response:
    """受け付ける."""
    typed = forms.read_form(*_TAKEN)
    card = desk.card(customer_id)
    number = normal(typed["form_number"]).replace(" ", "")
    command = TakePaperCommand(
        desk.institution.id, card.id, typed["kind"], number, typed["identity_check"], desk.actor, typed["note"]
    )
    try:
        paper_id = take_paper(current.services(), command, current.now())
    except BadInput as fault:
        return _refuse_taking(card, fault, typed)
    except AlreadyTaken:
        return _refuse_taking(card, BadInput("form_number", InputFault.DO_NOT_MATCH), typed)
    telling.forget()
    notify("paper_taken")
    return redirect(url_for(".show", paper_id=paper_id), 303)


@paper_requests.get("/requests/<paper_id>/")
@at_desk(StaffAct.SEE_CUSTOMERS)
def show(desk: Desk, paper_id: str) -> str:
    """One request: what stands on it, where its customer stands, and its outcome."""
    found, card = _paper(desk, paper_id)
    again = telling.remembered(Screen.STAFF_PAPER, found.id)
    possible = [act for act in ACTS_OF[found.kind] if _is_possible(act, card)]
    return page(
        "staff/paper.html", desk, paper=found, card=card, possible=possible, ends=ENDS,
        errors=again.errors, values=again.values,
    )  # fmt: skip


@paper_requests.post("/requests/<paper_id>/carry-out")
@at_desk(StaffAct.TAKE_PAPERS)
def carry_out(desk: Desk, paper_id: str) -> Response:
    """手続きする: the act and the paper's outcome at once."""
    typed = forms.read_form("act", "credential_id")
    found, _card = _paper(desk, paper_id)
    command = CarryOutPaperCommand(desk.institution.id, found.id, typed["act"], typed["credential_id"], desk.actor)
    try:
        return telling.act(
            desk,
            lambda: carry_out_paper(current.services(), command, current.now()),
            _page_of(found),
            asks=command,
        )
    except BadInput as fault:
        return _refuse_closing(found, fault, {"act": typed["act"]})


@paper_requests.post("/requests/<paper_id>/refuse")
@at_desk(StaffAct.TAKE_PAPERS)
def refuse(desk: Desk, paper_id: str) -> Response:
    """お断りする."""
    typed = forms.read_form("refusal")
    found, _card = _paper(desk, paper_id)
    command = RefusePaperCommand(desk.institution.id, found.id, typed["refusal"], desk.actor)
    try:
        return telling.act(desk, lambda: refuse_paper(current.services(), command, current.now()), _page_of(found))
    except BadInput as fault:
        return _refuse_closing(found, fault, typed)


def _is_possible(act: PaperAct, card: CustomerCard) -> bool:
    """As the customer stands now; what happens meanwhile is refused by the act itself."""
    if act in ENDS:
        return card.current is not None
    if act is PaperAct.LIFT_SUSPENSION:
        return card.in_hand is not None and card.in_hand.state is CredentialState.SUSPENDED
    if act is PaperAct.STOP_MAIL_PASSWORD:
        return card.uses_mail_password
    return act is not PaperAct.LIFT_RESTRICTION or card.is_restricted


def _paper(desk: Desk, paper_id: str) -> tuple[PaperView, CustomerCard]:
    """A request of a customer whom they see. Raises NotFound."""
    found = paper(current.services().store, desk.institution.id, paper_id)
    return found, desk.card(found.customer_id)


def _page_of(found: PaperView) -> str:
    return url_for(".show", paper_id=found.id)


def _refuse_taking(card: CustomerCard, fault: BadInput, typed: dict[str, str]) -> Response:
    telling.refuse(Screen.STAFF_TAKE_PAPER, card.id, [fault], typed)
    return redirect(url_for(".form", customer_id=card.id), 303)


def _refuse_closing(found: PaperView, fault: BadInput, typed: dict[str, str]) -> Response:
    telling.refuse(Screen.STAFF_PAPER, found.id, [fault], typed)
    return redirect(_page_of(found), 303)
