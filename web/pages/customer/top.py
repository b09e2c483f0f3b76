"""The portal's top page: the state in one sentence, and the way on."""

from __future__ import annotations

from flask import Blueprint

from provisioning.store.queries.own_standing import OwnStanding
from web.pages.customer.guard import page, signed_in

top = Blueprint("portal_top", __name__, url_prefix="/portal")


@top.get("/")
@signed_in
def show(own: OwnStanding) -> str:
    """BTP001."""
    return page("portal/top.html", own)
