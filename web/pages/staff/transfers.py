"""Fobs between two branches: sent with a slip, and taken in by the branch that they go to."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, NotFound, WrongState
from provisioning.jobs.receive_fobs import ReceiveFobsCommand, receive_fobs
from provisioning.jobs.send_fobs import MAX_SENT, SendFobsCommand, send_fobs
from provisioning.rules.permissions import StaffAct
from provisioning.rules.search_text import normal
from provisioning.rules.serial_range import serial_range
from provisioning.rules.states import FobState
from provisioning.store.queries.serial_ranges import fobs_in
from provisioning.store.queries.stock import not_in_stock
from provisioning.store.queries.transfers import SentFob, TransferView, transfer, transfers
from web import current, forms
from web.pages.staff import telling, transfer_words
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.reading import read_count, read_serials
from web.screens import Screen

transfer_pages = Blueprint("staff_transfers", __name__, url_prefix="/staff/transfers")

_SENT: Final = ("to_branch", "serials", "packed", "note")
_ARRIVED: Final = ("arrived", "not_arrived")
_MAX_DIGITS: Final = 4
_TOLD: Final = 10
"""So many numbers that are not in stock are named."""


@transfer_pages.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """The form — filled with a range that was asked for — and the transfers from and to the branch."""
    again = telling.remembered(Screen.STAFF_TRANSFERS, desk.institution.id)
    return page(
        "staff/transfers.html",
        desk,
        transfers=transfers(current.services().store, desk.institution.id, desk.branch),
        others=[(one, one) for one in desk.institution.branches if one != desk.staff.branch],
        unknown=_not_in_stock(desk, again.values["serials"]) if "serials" in again.errors else [],
        errors=again.errors,
        values={"serials": "\n".join(_in_range(desk))} | dict(again.values),
    )


@transfer_pages.post("/")
@at_desk(StaffAct.KEEP_STOCK)
def send(desk: Desk) -> Response:
    """送る."""
    typed = forms.read_form(*_SENT)
    try:
        transfer_id = send_fobs(current.services(), _parcel(desk, typed), current.now())
    except BadInput as refused:
        telling.refuse(Screen.STAFF_TRANSFERS, desk.institution.id, [refused], typed)
        return redirect(url_for(".index"), 303)
    telling.forget()
    return redirect(url_for(".show", transfer_id=transfer_id), 303)


@transfer_pages.get("/<transfer_id>/")
@at_desk(StaffAct.SEE_STOCK)
def show(desk: Desk, transfer_id: str) -> str:
    """What became of each fob; the slip for the parcel; and, where it arrives, the form to take it in."""
    sent, fobs = _transfer(desk, transfer_id)
    again = telling.remembered(Screen.STAFF_TRANSFER, transfer_id)
    return page(
        "staff/transfer.html",
        desk,
        sent=sent,
        fobs=fobs,
        transfer_words=transfer_words,
        arrives_here=sent.on_way > 0 and sent.to_branch == desk.staff.branch,
        errors=again.errors,
        values=again.values,
    )


@transfer_pages.post("/<transfer_id>/receive")
@at_desk(StaffAct.KEEP_STOCK)
def receive(desk: Desk, transfer_id: str) -> Response:
    """受け取る."""
    typed = forms.read_form(*_ARRIVED)
    _transfer(desk, transfer_id)
    back = redirect(url_for(".show", transfer_id=transfer_id), 303)
    try:
        command = ReceiveFobsCommand(
            desk.institution.id,
            desk.staff.branch,
            transfer_id,
            read_count(typed["arrived"], "arrived", _MAX_DIGITS),
            desk.actor,
            read_serials(typed["not_arrived"]),
        )
        receive_fobs(current.services(), command, current.now())
    except BadInput as refused:
        telling.refuse(Screen.STAFF_TRANSFER, transfer_id, [refused], typed)
        return back
    except WrongState as refused:
        telling.tell_refusal(refused)
        return back
    telling.forget()
    return back


def _transfer(desk: Desk, transfer_id: str) -> tuple[TransferView, tuple[SentFob, ...]]:
    """One from or to a branch that they see. Raises NotFound."""
    sent, fobs = transfer(current.services().store, desk.institution.id, transfer_id)
    if not (desk.sees(sent.from_branch) or desk.sees(sent.to_branch)):
        raise NotFound("transfer")
    return sent, fobs


def _parcel(desk: Desk, typed: dict[str, str]) -> SendFobsCommand:
    return SendFobsCommand(
        desk.institution.id,
        desk.staff.branch,
        typed["to_branch"],
        read_serials(typed["serials"]),
        read_count(typed["packed"], "packed", _MAX_DIGITS),
        desk.actor,
        typed["note"].strip(),
    )


def _not_in_stock(desk: Desk, typed: str) -> list[str]:
    """The first of those that cannot be sent."""
    store, serials = current.services().store, read_serials(typed)
    if len(serials) > MAX_SENT:
        return []
    return sorted(not_in_stock(store, desk.institution.id, desk.staff.branch, serials))[:_TOLD]


def _in_range(desk: Desk) -> list[str]:
    """Serials of the branch's stock in the range that the page of ranges asks for; none where it asks for none."""
    asked = {name: normal(request.args.get(name, ""))[:64].upper() for name in ("lowest", "highest")}
    try:
        wanted = serial_range(asked["lowest"], asked["highest"])
    except BadInput:
        return []
    found = fobs_in(current.services().store, desk.institution.id, request.args.get("profile", ""), wanted)
    free = (desk.staff.branch, FobState.IN_STOCK)
    return [fob.serial for fob in found if (fob.branch, fob.state) == free]
