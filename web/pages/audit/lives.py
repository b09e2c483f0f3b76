"""The whole life of a customer or a fob: where each token stood, and every entry about it, views included."""

from __future__ import annotations

from flask import Blueprint, request

from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.audit_search import EntryFilter, find_entries
from provisioning.store.queries.custody import custody
from provisioning.store.queries.timeline import timeline
from web import current
from web.pages.audit import entry_words
from web.pages.audit.filters import key_text, read_key
from web.pages.staff.desk import Desk, at_desk, page

lives = Blueprint("audit_lives", __name__, url_prefix="/staff/audit")


@lives.get("/customers/<customer_id>/")
@at_desk(StaffAct.SEE_AUDIT)
def of_customer(desk: Desk, customer_id: str) -> str:
    """Everything about a customer."""
    card = desk.card(customer_id)
    story = timeline(current.services().store, desk.institution.id, card.id)
    wanted = EntryFilter(desk.institution.id, customer_id=card.id, before=read_key(request.args.get("before", "")))
    found = find_entries(current.services().store, wanted)
    older = key_text(found.older) if found.older else None
    return page("audit/customer.html", desk, card=card, story=story, found=found, older=older, told=entry_words)


@lives.get("/fobs/<fob_id>/")
@at_desk(StaffAct.SEE_AUDIT)
def of_fob(desk: Desk, fob_id: str) -> str:
    """Everything about a fob, in whosever hands."""
    fob = desk.fob(fob_id)
    ledger = custody(current.services().store, desk.institution.id, fob.id)
    wanted = EntryFilter(desk.institution.id, fob_id=fob.id, before=read_key(request.args.get("before", "")))
    found = find_entries(current.services().store, wanted)
    older = key_text(found.older) if found.older else None
    return page("audit/fob.html", desk, fob=fob, custody=ledger, found=found, older=older, told=entry_words)
