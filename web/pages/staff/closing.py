"""The daily closing of a branch: today's moves, the count, and what does not agree."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, NotFound
from provisioning.jobs.close_stock import CloseStockCommand, close_stock
from provisioning.rules.custody import Compartment
from provisioning.rules.permissions import StaffAct
from provisioning.rules.timetable import day_begins
from provisioning.store.queries.closings import closing, closings, moves_since
from web import current, forms
from web.pages.staff import closing_words, telling
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.reading import read_count, read_serials
from web.screens import Screen

closing_pages = Blueprint("staff_closing", __name__, url_prefix="/staff/closings")

_NUMBERS: Final = tuple(one.value for one in Compartment)
_MAX_DIGITS: Final = 6


@closing_pages.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """Today's moves by kind, the form, and the closings before. The books are shown once it was counted."""
    store = current.services().store
    again = telling.remembered(Screen.STAFF_CLOSINGS, desk.institution.id)
    return page(
        "staff/closings.html",
        desk,
        moves=moves_since(store, desk.institution.id, desk.branch, day_begins(current.now())),
        closings=closings(store, desk.institution.id, desk.branch),
        compartments=Compartment,
        closing_words=closing_words,
        errors=again.errors,
        values=again.values,
    )


@closing_pages.post("/")
@at_desk(StaffAct.KEEP_STOCK)
def close(desk: Desk) -> Response:
    """締める."""
    typed = forms.read_form(*_NUMBERS, "scanned", "note")
    scanned = read_serials(typed["scanned"])
    faults: list[BadInput] = []
    counted = {} if scanned else _numbers(typed, faults)
    command = CloseStockCommand(
        desk.institution.id, desk.staff.branch, desk.actor, counted, scanned, typed["note"].strip()
    )
    try:
        if faults:
            raise faults[0]
        closing_id = close_stock(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(Screen.STAFF_CLOSINGS, desk.institution.id, faults or [fault], typed)
        return redirect(url_for(".index"), 303)
    telling.forget()
    return redirect(url_for(".show", closing_id=closing_id), 303)


@closing_pages.get("/<closing_id>/")
@at_desk(StaffAct.SEE_STOCK)
def show(desk: Desk, closing_id: str) -> str:
    """One closing, to be printed and signed."""
    found = closing(current.services().store, desk.institution.id, closing_id)
    if not desk.sees(found.branch):
        raise NotFound("closing")
    return page("staff/closing.html", desk, closing=found, closing_words=closing_words)


def _numbers(typed: dict[str, str], faults: list[BadInput]) -> dict[Compartment, int]:
    """The counts as typed; a field that is no number is a fault."""
    counted = {}
    for one in Compartment:
        try:
            counted[one] = read_count(typed[one.value], one.value, _MAX_DIGITS)
        except BadInput as fault:
            faults.append(fault)
    return counted
