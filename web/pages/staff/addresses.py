"""A mail's address in full, for whoever says why, each time anew; it is written down before (R66)."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, WrongState
from provisioning.jobs.show_address import ShowAddressCommand, show_address
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.mails import mail
from web import current, forms
from web.pages.staff.address_words import REASONS
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.pages.staff.words import fault

addresses = Blueprint("staff_addresses", __name__, url_prefix="/staff/mails/<mail_id>/address")


@addresses.get("")
@at_desk(StaffAct.SHOW_ADDRESS)
def ask(desk: Desk, mail_id: str) -> str:
    """Why?"""
    return _page(desk, mail_id, {})


@addresses.post("")
@at_desk(StaffAct.SHOW_ADDRESS)
def show(desk: Desk, mail_id: str) -> str | Response:
    """表示する: on this answer alone; loading it anew says so anew."""
    reason = forms.read_form("reason")["reason"]
    found = mail(current.services(), desk.institution.id, mail_id, desk.branch)
    command = ShowAddressCommand(desk.institution.id, found.id, reason, desk.actor)
    try:
        address = show_address(current.services(), command, current.now())
    except BadInput as refused:
        return _page(desk, mail_id, {refused.field: fault(refused.field, refused.fault.value)})
    except WrongState:
        notify("address_erased")
        return redirect(url_for("staff_customer.show", customer_id=found.customer_id), 303)
    return _page(desk, mail_id, {}, address)


def _page(desk: Desk, mail_id: str, errors: dict[str, str], address: str = "") -> str:
    found = mail(current.services(), desk.institution.id, mail_id, desk.branch)
    return page("staff/address.html", desk, mail=found, reasons=REASONS, errors=errors, address=address)
