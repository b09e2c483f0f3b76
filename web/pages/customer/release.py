"""Release: warning, confirmation password and one-time password (BOS001), and released (BOS002)."""

from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.rules.otp_input import read_otp
from provisioning.rules.states import EndedHow
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms, metrics
from web.pages.customer.choose import choices
from web.pages.customer.confirm import CONFIRMATION
from web.pages.customer.guard import actor, notify, page, portal_blueprint, signed_in
from web.pages.customer.refusals import closed_door, fault_of
from web.screens import Screen

release_pages = portal_blueprint("portal_release", "/token/release")


@release_pages.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOS001."""
    if own.token is None or choices(own).release:
        return _elsewhere(own)
    return page("portal/release.html", own, errors=forms.remembered(Screen.RELEASE).errors, token=own.token)


@release_pages.post("/")
@signed_in
def submit(own: OwnStanding) -> Response:
    """解除する."""
    typed = forms.read_form(CONFIRMATION, "otp")
    if own.token is None or choices(own).release:
        return _elsewhere(own)
    if flow.is_repeat(Screen.RELEASE):
        notify("repeated")
        return redirect(url_for(".show"), 303)
    forms.forget(Screen.RELEASE)
    return _try(own, own.token, typed[CONFIRMATION], typed["otp"])


@release_pages.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BOS002."""
    released = flow.kept(Screen.RELEASED)
    if released is None or own.token is not None or own.last_ended is not EndedHow.RELEASED:
        return redirect(url_for("portal_choose.acts"), 303)
    return page("portal/released.html", own, kind=released["kind"], lowered_from_yen=_lowered_from(own, released))


def _lowered_from(own: OwnStanding, released: dict[str, Any]) -> int | None:
    """The transfer limit before the release, if it was higher than now."""
    before: int | None = released["limit_yen"]
    return before if before and own.transfer_limit_yen is not None and before > own.transfer_limit_yen else None


def _try(own: OwnStanding, token: OwnToken, confirmation_password: str, otp: str) -> Response:
    faults = _form_faults(token, confirmation_password, otp)
    if faults:
        return _refuse(faults)
    command = ReleaseCommand(own.institution_id, own.user_id, otp, confirmation_password, actor(own))
    try:
        result = release(current.services(), command, current.now())
        metrics.count_decision("release", result.outcome.value, result.reason)
    except BadInput as fault:
        return _refuse([(fault.field, fault.fault)])
    except ClockUntrusted:
        return _refuse([("otp", "unavailable")])
    if result.outcome is Outcome.ACCEPTED:
        flow.forget_everything()
        flow.keep(Screen.RELEASED, {"kind": token.kind.value, "limit_yen": own.transfer_limit_yen})
        return redirect(url_for(".done"), 303)
    door = closed_door(own, result.reason, suspended_now=result.suspended_now)
    return door or _refuse([fault_of(result.reason)])


def _form_faults(token: OwnToken, confirmation_password: str, otp: str) -> list[tuple[str, str]]:
    """Both fields looked at before either is tried, so that no mistake hides another."""
    faults: list[tuple[str, str]] = []
    if not confirmation_password:
        faults.append((CONFIRMATION, "missing"))
    try:
        read_otp(otp, token.digits)
    except BadInput as fault:
        faults.append((fault.field, fault.fault))
    return faults


def _refuse(faults: list[tuple[str, str]]) -> Response:
    forms.refuse(Screen.RELEASE, faults)
    return redirect(url_for(".show"), 303)


def _elsewhere(own: OwnStanding) -> Response:
    if flow.kept(Screen.RELEASED) and own.token is None:
        return redirect(url_for(".done"), 303)
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)
