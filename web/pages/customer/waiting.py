"""認証確認 (BOK003): waits for the app and takes the first one-time password, in one sitting with the issuance.

What it shows comes from the database, so that reload, a lost session and a new login find it again.
"""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from provisioning.rules.states import CredentialState, TokenKind
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms
from web.pages.customer import issued
from web.pages.customer.first_code import try_first_code
from web.pages.customer.guard import institution, notify, page, portal_blueprint, signed_in
from web.screens import Screen

waiting = portal_blueprint("portal_waiting", "/token/waiting")

_NOT_IN_FORCE: Final = (CredentialState.ISSUED, CredentialState.SET_UP)


@waiting.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOK003."""
    if not is_in_one_sitting(own):
        return _elsewhere(own)
    errors = forms.remembered(Screen.WAITING).errors
    return page("portal/waiting.html", own, errors=errors, setup_code=issued.setup_code(own), **_now(own))


@waiting.get("/live")
@signed_in
def live(own: OwnStanding) -> str | Response:
    """Only what changes by itself, for the page that follows it."""
    if not is_in_one_sitting(own):
        return redirect(url_for(".show"), 303)
    return render_template("portal/waiting_now.html", own=own, institution=institution(own), **_now(own))


@waiting.post("/")
@signed_in
def submit(own: OwnStanding) -> Response:
    """認証確認."""
    typed = forms.read_form("otp")
    token = own.pending
    if token is None or not is_in_one_sitting(own):
        return _elsewhere(own)
    if flow.is_repeat(Screen.WAITING):
        notify("repeated")
        return redirect(url_for(".show"), 303)
    forms.forget(Screen.WAITING)
    is_set_up = token.state is CredentialState.SET_UP
    led = try_first_code(own, token, typed["otp"]) if is_set_up else "app_not_set_up"
    if not isinstance(led, str):
        return led
    forms.refuse(Screen.WAITING, [("otp", led)])
    return redirect(url_for(".show"), 303)


def is_in_one_sitting(own: OwnStanding) -> bool:
    """A soft token is on its way from issuance to activation where both are done in one sitting."""
    token = own.pending
    if token is None or token.kind is not TokenKind.SOFT or not institution(own).issuance.is_one_page:
        return False
    return token.state in _NOT_IN_FORCE


def _now(own: OwnStanding) -> dict[str, Any]:
    """How far it has come, and where the mail went: in full to the session in which it was typed."""
    is_set_up = own.pending is not None and own.pending.state is CredentialState.SET_UP
    return {
        "mail_address": issued.mail_address(own),
        "is_set_up": is_set_up,
        "has_run_out": not is_set_up and _has_run_out(own.pending),
        "token": own.pending,
    }


def _has_run_out(token: OwnToken | None) -> bool:
    """The app cannot be set up any more: too late, or too many wrong activation passwords."""
    return token is None or token.set_up_by is None or token.set_up_by <= current.now()


def _elsewhere(own: OwnStanding) -> Response:
    if own.pending is not None and own.pending.state is CredentialState.ACTIVE and flow.kept(Screen.ACTIVATED):
        return redirect(url_for("portal_activate.done"), 303)
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)
