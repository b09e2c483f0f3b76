"""Activation: the first one-time password (BOK001), and in force (BOK002)."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import WrongState
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.rules.states import CredentialState
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms, wording
from web.pages.customer.choose import choices
from web.pages.customer.first_code import try_first_code
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.pages.customer.waiting import is_in_one_sitting
from web.screens import Screen

activation = portal_blueprint("portal_activate", "/token/activate")


@activation.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOK001."""
    if own.pending is None or choices(own).activate:
        return _elsewhere(own)
    if is_in_one_sitting(own):
        return redirect(url_for("portal_waiting.show"), 303)
    return page("portal/activate.html", own, errors=forms.remembered(Screen.ACTIVATE).errors, token=own.pending)


@activation.post("/")
@signed_in
def submit(own: OwnStanding) -> Response:
    """利用開始する."""
    typed = forms.read_form("otp")
    if flow.is_repeat(Screen.ACTIVATE):
        if not _is_active(own):
            notify("repeated")
        return redirect(url_for(".show"), 303)
    if own.pending is None or choices(own).activate:
        return _elsewhere(own)
    forms.forget(Screen.ACTIVATE)
    led = try_first_code(own, own.pending, typed["otp"])
    return _refuse(led) if isinstance(led, str) else led


@activation.post("/withdraw")
@signed_in
def withdraw(own: OwnStanding) -> Response:
    """このトークンを取り消す: set up, and the app is gone before it ever showed the first code here."""
    forms.read_form()
    token = own.pending
    if token is None or token.state is not CredentialState.SET_UP:
        return _elsewhere(own)
    try:
        command = CancelIssuanceCommand(own.institution_id, token.credential_id, actor(own))
        cancel_issuance(current.services(), command, current.now())
        flow.drop(Screen.SOFT_DONE)
        notify("issuance_withdrawn")
    except WrongState:
        notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)


@activation.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BOK002."""
    activated = flow.kept(Screen.ACTIVATED)
    if activated is None or not _is_active(own):
        return redirect(url_for("portal_choose.acts"), 303)
    when = wording.asked_when(institution(own))
    return page("portal/activated.html", own, token=own.pending, replaced=activated["replaced"], asked_when=when)


def _refuse(code: str) -> Response:
    forms.refuse(Screen.ACTIVATE, [("otp", code)])
    return redirect(url_for(".show"), 303)


def _elsewhere(own: OwnStanding) -> Response:
    if _is_active(own) and flow.kept(Screen.ACTIVATED):
        return redirect(url_for(".done"), 303)
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)


def _is_active(own: OwnStanding) -> bool:
    return own.pending is not None and own.pending.state is CredentialState.ACTIVE
