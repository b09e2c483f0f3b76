"""Search: Enter opens the only hit."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import NotFound
from provisioning.rules.permissions import StaffAct
from provisioning.store.queries.fobs import FobView, fob_by_serial
from provisioning.store.queries.search import LIMIT, SearchScope, search_customers
from web import current
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.reading import read_serial

search = Blueprint("staff_search", __name__, url_prefix="/staff/search")


@search.get("/")
@at_desk(StaffAct.SEE_CUSTOMERS)
def find(desk: Desk) -> str | Response:
    """Customers found, or the page of the only one; a fob that nobody ever had leads to the fob."""
    typed = request.args.get("q", "")[:100]
    scope = SearchScope(desk.institution.id, desk.branch)
    found = search_customers(current.services().store, scope, typed)
    if len(found) == 1:
        return redirect(url_for("staff_customer.show", customer_id=found[0].id), 303)
    fob = None if found else _fob(desk, typed)
    if fob is not None:
        return redirect(url_for("staff_stock.show", fob_id=fob.id), 303)
    return page("staff/search.html", desk, q=typed, found=found, limit=LIMIT, search_first=not typed)


def _fob(desk: Desk, typed: str) -> FobView | None:
    try:
        fob = fob_by_serial(current.services().store, desk.institution.id, read_serial(typed))
    except NotFound:
        return None
    return fob if desk.sees(fob.branch) else None
