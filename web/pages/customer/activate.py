"""Activation: the first one-time password (BOK001), and in force (BOK002)."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms, metrics
from web.pages.customer.choose import choices
from web.pages.customer.guard import actor, notify, page, portal_blueprint, shut_out, signed_in
from web.screens import Screen

activation = portal_blueprint("portal_activate", "/token/activate")


@activation.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOK001."""
    if own.token is None or choices(own).activate:
        return _elsewhere(own)
    return page("portal/activate.html", own, errors=forms.remembered(Screen.ACTIVATE).errors, token=own.token)


@activation.post("/")
@signed_in
def submit(own: OwnStanding) -> Response:
    """利用開始する."""
    typed = forms.read_form("otp")
    if flow.is_repeat(Screen.ACTIVATE):
        if not _is_active(own):
            notify("repeated")
        return redirect(url_for(".show"), 303)
    if own.token is None or choices(own).activate:
        return _elsewhere(own)
    return _try(own, own.token, typed["otp"])


@activation.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BOK002."""
    if flow.kept(Screen.ACTIVATED) is None or not _is_active(own):
        return redirect(url_for("portal_choose.acts"), 303)
    return page("portal/activated.html", own, token=own.token)


def _try(own: OwnStanding, token: OwnToken, otp: str) -> Response:
    forms.forget(Screen.ACTIVATE)
    try:
        read_otp(otp, token.digits)
        command = ActivateCommand(own.institution_id, own.user_id, otp, actor(own))
        result = activate(current.services(), command, current.now())
        metrics.count_decision("activate", result.outcome.value, result.reason)
    except BadInput as fault:
        return _refuse(fault.fault)
    except ClockUntrusted:
        return _refuse("unavailable")
    if result.outcome is Outcome.ACCEPTED:
        flow.keep(Screen.ACTIVATED, {"done": True})
        return redirect(url_for(".done"), 303)
    if result.suspended_now or result.reason is Reason.SUSPENDED:
        return shut_out(own, "suspended")
    if result.reason in (Reason.WRONG, Reason.USED):
        return _refuse("wrong")
    if result.reason is Reason.CLOCK:
        return _refuse("unavailable")
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)


def _refuse(code: str) -> Response:
    forms.refuse(Screen.ACTIVATE, [("otp", code)])
    return redirect(url_for(".show"), 303)


def _elsewhere(own: OwnStanding) -> Response:
    if _is_active(own) and flow.kept(Screen.ACTIVATED):
        return redirect(url_for(".done"), 303)
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)


def _is_active(own: OwnStanding) -> bool:
    return own.token is not None and own.token.state is CredentialState.ACTIVE
