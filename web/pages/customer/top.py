"""The portal's top page: the state in one sentence, and the way on."""

from __future__ import annotations

from provisioning.store.queries.own_standing import OwnStanding
from web.pages.customer.choose import choices
from web.pages.customer.guard import page, portal_blueprint, signed_in

top = portal_blueprint("portal_top", "")


@top.get("/")
@signed_in
def show(own: OwnStanding) -> str:
    """BTP001."""
    return page("portal/top.html", own, may_issue=choices(own).issue is None)
