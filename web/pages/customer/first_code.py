"""The first one-time password of a token, on whichever screen it is typed (BOK001, BOK003)."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.rules.otp_input import read_otp
from provisioning.rules.verdict import Outcome, Reason
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, metrics
from web.pages.customer.guard import actor, notify, shut_out
from web.screens import Screen


def try_first_code(own: OwnStanding, token: OwnToken, otp: str) -> Response | str:
    """Where the code leads; or why it may be typed again, a code of `wording` for the field `otp`."""
    try:
        read_otp(otp, token.digits)
        command = ActivateCommand(own.institution_id, own.user_id, otp, actor(own))
        result = activate(current.services(), command, current.now())
        metrics.count_decision("activate", result.outcome.value, result.reason)
    except BadInput as fault:
        return fault.fault
    except ClockUntrusted:
        return "unavailable"
    if result.outcome is Outcome.ACCEPTED:
        replaced = own.token.kind.value if own.token is not None and own.successor is not None else ""
        flow.keep(Screen.ACTIVATED, {"done": True, "replaced": replaced})
        return redirect(url_for("portal_activate.done"), 303)
    if own.successor is not None and (result.suspended_now or result.reason is Reason.SUSPENDED):
        notify("successor_suspended")  # the token in use works as before
        return redirect(url_for("portal_choose.acts"), 303)
    if result.suspended_now or result.reason is Reason.SUSPENDED:
        return shut_out(own, "suspended")
    if result.reason in (Reason.WRONG, Reason.USED):
        return "wrong"
    if result.reason is Reason.CLOCK:
        return "unavailable"
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)
