"""What became of a mail, for the pages on which somebody waits for it: only that, fetched while they are open."""

from __future__ import annotations

from flask import render_template

from provisioning.errors import NotFound
from provisioning.store.queries.own_addresses import code_for
from provisioning.store.queries.own_standing import OwnStanding
from web import current, sessions
from web.pages.customer import mail_codes
from web.pages.customer.guard import portal_blueprint, signed_in

mail_live = portal_blueprint("portal_mail_live", "/mail-state")


@mail_live.get("/code", defaults={"address_id": None})
@mail_live.get("/code/<address_id>")
@signed_in
def code(own: OwnStanding, address_id: str | None) -> str:
    """The newest password by mail of this login: to the address in use, or to the one that is to be confirmed."""
    if address_id is None:
        sent = mail_codes.sent(own)
    else:
        sent = code_for(current.services(), own.customer_id, address_id, sessions.login_name(), current.now())
    if sent is None:
        raise NotFound("address")
    return render_template("portal/mail_code_state.html", sent=sent)


@mail_live.get("/token")
@signed_in
def token(own: OwnStanding) -> str:
    """The newest mail about the token that is being prepared."""
    if own.pending is None or own.pending.mail is None:
        raise NotFound("mail")
    return render_template("portal/mail_state.html", own=own)
